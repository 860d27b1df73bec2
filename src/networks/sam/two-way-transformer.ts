/** The transformer of the mask decoder: tokens attend to the image and the image to the tokens, in turns. */
import { layerNorm, linear, type Scope } from "../../nn/index.js";
import * as o from "../../onnx/index.js";
import type { SamConfig } from "./config.js";

interface TwoWay {
  /** [B, T, C] */
  readonly tokens: o.Value;
  /** [B or 1, grid grid, C] */
  readonly image: o.Value;
}

/** @param inputs.places [grid grid, C], where the image's tokens are: added to them wherever they are compared. */
export function twoWayTransformer(
  p: Scope,
  config: SamConfig,
  { tokens, image, places }: TwoWay & { readonly places: o.Value },
): TwoWay {
  const { decoderDepth, decoderMlp, promptEmbed: c, downsample } = config;
  const attend = (at: Scope, q: o.Value, k: o.Value, v: o.Value, width = c / downsample) =>
    attention(at, config, [q, k, v], width);
  let queries = tokens;
  let keys = image;
  for (let i = 0; i < decoderDepth; i++) {
    const layer = p.at("layers").at(i);
    const self = layer.at("self_attn");
    // The first layer's tokens are their own places: nothing is added, and nothing kept.
    if (i === 0) queries = attend(self, queries, queries, queries, c);
    else {
      const q = o.add(queries, tokens);
      queries = o.add(queries, attend(self, q, q, queries, c));
    }
    queries = layerNorm(layer.at("norm1"), queries);
    const toImage = attend(
      layer.at("cross_attn_token_to_image"),
      o.add(queries, tokens),
      o.add(keys, places),
      keys,
    );
    queries = layerNorm(layer.at("norm2"), o.add(queries, toImage));
    const hidden = o.relu(project(layer.at("mlp.lin1"), queries, decoderMlp));
    queries = layerNorm(layer.at("norm3"), o.add(queries, project(layer.at("mlp.lin2"), hidden, c)));
    const toTokens = attend(
      layer.at("cross_attn_image_to_token"),
      o.add(keys, places),
      o.add(queries, tokens),
      queries,
    );
    keys = layerNorm(layer.at("norm4"), o.add(keys, toTokens));
  }
  const last = attend(p.at("final_attn_token_to_image"), o.add(queries, tokens), o.add(keys, places), keys);
  return { tokens: layerNorm(p.at("norm_final_attn"), o.add(queries, last)), image: keys };
}

/** A linear layer on the last axis of [B, T, C]. */
function project(p: Scope, x: o.Value, out: number): o.Value {
  const [batch, tokens, c] = x.shape;
  return o.reshape(linear(p, o.reshape(x, [batch * tokens, c]), out), [batch, tokens, out]);
}

function attention(p: Scope, config: SamConfig, [q, k, v]: readonly o.Value[], width: number): o.Value {
  const { decoderHeads: heads, promptEmbed } = config;
  const d = width / heads;
  const cut = (name: string, x: o.Value) => {
    const y = project(p.at(name), x, width);
    return o.transpose(o.reshape(y, [y.shape[0], y.shape[1], heads, d]), [0, 2, 1, 3]);
  };
  const [a, b, c] = [cut("q_proj", q), cut("k_proj", k), cut("v_proj", v)];
  const weights = o.softmax(o.matmul(o.mul(a, d ** -0.5), o.transposeLast(b)));
  const joined = o.transpose(o.matmul(weights, c), [0, 2, 1, 3]);
  return project(p.at("out_proj"), o.reshape(joined, [joined.shape[0], joined.shape[1], width]), promptEmbed);
}
