/**
 * The image encoder of Segment Anything (Kirillov et al. 2023, arXiv 2304.02643): a plain vision transformer
 * (Li et al. 2022, arXiv 2203.16527) in which most blocks attend within windows and a few to the whole image.
 * Tokens stay channels last, [N y x, C], so every projection is one Gemm. Parameter names are those of the
 * published checkpoints.
 */
import { conv, layerNorm, linear, normal, type Scope, zeros } from "../../nn/index.js";
import * as o from "../../onnx/index.js";
import { attention, relativeTable } from "./attention.js";
import { gridOf, type SamConfig } from "./config.js";

/** The epsilon of every normalisation in the encoder. */
const EPSILON = 1e-6;

/**
 * Embeds an image by the Vision Transformer of Segment Anything.
 * @param image [N, 3, S, S], normalised by `PIXEL_MEAN` and `PIXEL_DEVIATION`, padded with zeros right and
 *   below
 * @returns the image embedding [N, C, S / patch, S / patch]
 */
export function imageEncoder(p: Scope, config: SamConfig, image: o.Value): o.Value {
  const { imageSize, embed, depth, promptEmbed } = config;
  const grid = gridOf(config);
  const [n, channels, height, width] = image.shape;
  if (channels !== 3 || height !== imageSize || width !== imageSize) {
    throw new Error(`image encoder: expected [N, 3, ${imageSize}, ${imageSize}], got [${image.shape}]`);
  }
  const e = p.at("image_encoder");
  const places = e.parameter("pos_embed", [1, grid, grid, embed], zeros);
  let x = o.reshape(o.add(patches(e.at("patch_embed.proj"), config, image), places), [
    n * grid * grid,
    embed,
  ]);
  for (let i = 0; i < depth; i++) {
    x = block(e.at("blocks").at(i), config, x, n, config.globalAttention.includes(i));
  }
  const neck = e.at("neck");
  const weight = neck.parameter("0.weight", [promptEmbed, embed, 1, 1], normal(0.02));
  const narrow = o.gemm(x, o.reshape(weight, [promptEmbed, embed]), { transB: true });
  const square = o.reshape(layerNorm(neck.at(1), narrow, EPSILON), [n, grid, grid, promptEmbed]);
  const mixed = conv(neck.at(2), o.transpose(square, [0, 3, 1, 2]), promptEmbed, 3, { bias: false });
  return o.transpose(layerNorm(neck.at(3), o.transpose(mixed, [0, 2, 3, 1]), EPSILON), [0, 3, 1, 2]);
}

/** Projects each patch of an image into a token: [N, 3, S, S] -> [N, grid, grid, embed]. */
function patches(p: Scope, { patchSize, embed }: SamConfig, image: o.Value): o.Value {
  const weight = p.parameter("weight", [embed, 3, patchSize, patchSize], normal(0.02));
  const bias = p.parameter("bias", [embed], zeros);
  return o.transpose(o.conv(image, weight, bias, { stride: patchSize }), [0, 2, 3, 1]);
}

/** Computes one transformer block on tokens [N grid grid, embed]. */
function block(p: Scope, config: SamConfig, x: o.Value, n: number, global: boolean): o.Value {
  const { embed, mlp } = config;
  const h = o.add(x, blockAttention(p.at("attn"), config, layerNorm(p.at("norm1"), x, EPSILON), n, global));
  const hidden = o.gelu(linear(p.at("mlp.lin1"), layerNorm(p.at("norm2"), h, EPSILON), mlp));
  return o.add(h, linear(p.at("mlp.lin2"), hidden, embed));
}

function blockAttention(p: Scope, config: SamConfig, x: o.Value, n: number, global: boolean): o.Value {
  const { embed, heads } = config;
  const grid = gridOf(config);
  const side = global ? grid : config.window;
  const windows = Math.ceil(grid / side);
  const more = windows * side - grid;
  const d = embed / heads;
  // Windows reach over the border into zeros, as images do there; what they compute is cut off again.
  const square = o.reshape(x, [n, grid, grid, embed]);
  const padded = o.pad(square, [0, 0, 0, 0], [0, more, more, 0]);
  const cut = o.transpose(o.reshape(padded, [n, windows, side, windows, side, embed]), [0, 1, 3, 2, 4, 5]);
  const batch = n * windows * windows;
  const qkv = linear(p.at("qkv"), o.reshape(cut, [batch * side * side, embed]), 3 * embed);
  // Cut into heads straight away: each is small enough to stay in the cache from its first product to its
  // last.
  const parts = o.split(o.reshape(qkv, [batch, side * side, 3 * embed]), 3 * heads, 2);
  const offsets = global ? config.globalOffsets : 2 * side - 1;
  const positions = {
    rows: relativeTable(p, "rel_pos_h", side, [offsets, d]),
    columns: relativeTable(p, "rel_pos_w", side, [offsets, d]),
  };
  const attended = Array.from({ length: heads }, (_, h) =>
    attention(parts[h], parts[heads + h], parts[2 * heads + h], positions),
  );
  const joined = o.reshape(o.concat(attended, 2), [n, windows, windows, side, side, embed]);
  const whole = o.reshape(o.transpose(joined, [0, 1, 3, 2, 4, 5]), [
    n,
    windows * side,
    windows * side,
    embed,
  ]);
  const inside = o.slice(whole, [1, 2], [0, 0], [grid, grid]);
  return linear(p.at("proj"), o.reshape(inside, [n * grid * grid, embed]), embed);
}
