/** The transformer of the mask decoder: tokens attend to the image and the image to the tokens, in turns. */
import { layerNorm, type Scope } from "../../nn/index.js";
import * as o from "../../onnx/index.js";
import type { SamConfig } from "./config.js";
import { imageToToken, project, projected, tokenToImage } from "./decoder-attention.js";

interface TwoWay {
  /** Tokens of the prompts, [B, T, C]. */
  readonly tokens: o.Value;
  /** Tokens of the image, [B or 1, grid grid, C]. */
  readonly image: o.Value;
}

/**
 * Lets the tokens of prompts and the pixels of the image attend to each other. While no token has told it
 * anything, the image is the same for every prompt: it comes as a batch of 1, and what rests on it alone is
 * computed once.
 * @param inputs.places [grid grid, C], where the image's tokens are: added to them wherever they are
 *   compared.
 */
export function twoWayTransformer(
  p: Scope,
  config: SamConfig,
  { tokens, image, places }: TwoWay & { readonly places: o.Value },
): TwoWay {
  const { decoderDepth, decoderHeads: heads, decoderMlp, promptEmbed: c, downsample } = config;
  const cross = { heads, width: c / downsample };
  let queries = tokens;
  let keys = image;
  for (let i = 0; i < decoderDepth; i++) {
    const layer = p.at("layers").at(i);
    // The first layer's tokens are their own places: nothing is added, and nothing kept.
    const placed = i === 0 ? queries : o.add(queries, tokens);
    const self = projected(layer.at("self_attn"), { heads, width: c }, placed, placed, queries);
    queries = layerNorm(layer.at("norm1"), i === 0 ? self : o.add(queries, self));
    const pixels = { pixels: keys, placed: o.add(keys, places) };
    const toImage = tokenToImage(
      layer.at("cross_attn_token_to_image"),
      cross,
      o.add(queries, tokens),
      pixels,
    );
    queries = layerNorm(layer.at("norm2"), o.add(queries, toImage));
    const hidden = o.relu(project(layer.at("mlp.lin1"), queries, decoderMlp));
    queries = layerNorm(layer.at("norm3"), o.add(queries, project(layer.at("mlp.lin2"), hidden, c)));
    const told = { tokens: queries, placed: o.add(queries, tokens) };
    const toTokens = imageToToken(layer.at("cross_attn_image_to_token"), cross, pixels, told);
    const sum = o.add(keys, toTokens);
    // As rows: ONNX Runtime would make one node of a sum and a normalisation of three axes, and takes longer
    // for it.
    keys = o.reshape(layerNorm(layer.at("norm4"), o.reshape(sum, [-1, c])), sum.shape);
  }
  const pixels = { pixels: keys, placed: o.add(keys, places) };
  const last = tokenToImage(p.at("final_attn_token_to_image"), cross, o.add(queries, tokens), pixels);
  return { tokens: layerNorm(p.at("norm_final_attn"), o.add(queries, last)), image: keys };
}
