/**
 * The mask decoder of Segment Anything: a two-way transformer between a few tokens of a prompt and the image,
 * then an upscaled image whose product with a vector of each mask token is that mask. Parameter names are
 * those of the published checkpoints.
 */
import { fanIn, layerNorm, linear, normal, type Scope, zeros } from "../../nn/index.js";
import * as o from "../../onnx/index.js";
import { gridOf, type SamConfig } from "./config.js";
import { embedMask, embedPoints, imagePlaces, noMask, type Prompts } from "./prompt-encoder.js";
import { twoWayTransformer } from "./two-way-transformer.js";

export interface MaskDecoderInputs extends Prompts {
  /** The image embedding [1, C, grid, grid]; B prompts share it. */
  readonly embedding: o.Value;
  /** A mask prompt [B or 1, 1, 4 grid, 4 grid], logits of an earlier mask. */
  readonly maskInput?: o.Value;
  /** Three masks for prompts that may mean several things (the default), or the one for those that do not. */
  readonly masks?: "multiple" | "single";
}

export interface Masks {
  /** Logits [B, M, 4 grid, 4 grid]; above 0 is inside. */
  readonly lowResLogits: o.Value;
  /** Predicted IoU [B, M], what the network thinks of each mask. */
  readonly iouPredictions: o.Value;
}

/** Masks before they are painted: their predicted IoU, and the factors whose product they are. */
export interface DecodedTokens {
  /** Predicted IoU [B, M], what the network thinks of each mask. */
  readonly iouPredictions: o.Value;
  /** Vectors of the masks, [B, M, C / 8]: a mask is the product of its vector and the upscaled image. */
  readonly vectors: o.Value;
  /** Pixels [B, grid grid, C]: the image as the prompt's tokens have changed it. */
  readonly pixels: o.Value;
}

/** Masks of B prompts on one image. */
export function maskDecoder(p: Scope, config: SamConfig, inputs: MaskDecoderInputs): Masks {
  const { iouPredictions, ...decoded } = decodeTokens(p, config, inputs);
  return { iouPredictions, lowResLogits: paintMasks(p, config, decoded) };
}

/**
 * Computes the first half of the decoder. Whoever keeps only masks of a certain predicted IoU can leave the
 * second half, `paintMasks`, which is the larger, to the prompts that have one.
 */
export function decodeTokens(p: Scope, config: SamConfig, inputs: MaskDecoderInputs): DecodedTokens {
  const { embedding, maskInput, masks = "multiple" } = inputs;
  const { promptEmbed: c, maskTokens, iouHidden, iouDepth } = config;
  const grid = gridOf(config);
  if (String(embedding.shape) !== String([1, c, grid, grid])) {
    throw new Error(
      `mask decoder: expected an embedding [1, ${c}, ${grid}, ${grid}], got [${embedding.shape}]`,
    );
  }
  const dense = maskInput ? embedMask(p, config, maskInput) : noMask(p, config);
  const image = o.add(o.reshape(o.transpose(embedding, [0, 2, 3, 1]), [1, grid * grid, c]), dense);

  const d = p.at("mask_decoder");
  const prompts = embedPoints(p, config, inputs);
  const [batch] = prompts.shape;
  const iouToken = d.parameter("iou_token.weight", [1, c], normal(1));
  const own = o.concat([iouToken, d.parameter("mask_tokens.weight", [maskTokens, c], normal(1))], 0);
  const tokens = o.concat(
    [o.expand(o.reshape(own, [1, maskTokens + 1, c]), [batch, maskTokens + 1, c]), prompts],
    1,
  );
  const seen = twoWayTransformer(d.at("transformer"), config, {
    tokens,
    image,
    places: imagePlaces(p, config),
  });

  const chosen = masks === "multiple" ? Array.from({ length: maskTokens - 1 }, (_, i) => i + 1) : [0];
  const token = (i: number) => o.reshape(o.slice(seen.tokens, [1], [i], [i + 1]), [batch, c]);
  const hyper = chosen.map((i) => mlp(d.at("output_hypernetworks_mlps").at(i), token(1 + i), [c, c, c / 8]));
  const vectors = o.concat(
    hyper.map((v) => o.reshape(v, [batch, 1, c / 8])),
    1,
  );
  const heads = [...new Array<number>(iouDepth - 1).fill(iouHidden), maskTokens];
  const iou = mlp(d.at("iou_prediction_head"), token(0), heads);
  const [first, last] = [chosen[0], chosen[chosen.length - 1] + 1];
  return { iouPredictions: o.slice(iou, [1], [first], [last]), vectors, pixels: seen.image };
}

/** Computes linear layers with ReLU between them. */
function mlp(p: Scope, x: o.Value, widths: readonly number[]): o.Value {
  return widths.reduce((h, width, i) => {
    const y = linear(p.at("layers").at(i), h, width);
    return i < widths.length - 1 ? o.relu(y) : y;
  }, x);
}

/**
 * Computes the second half of the decoder: two transposed convolutions of 2 x 2 with stride 2, then a product
 * with each mask's vector. Such a convolution writes each pixel into four places of its own, so it is one
 * Gemm, and the pixels stay in blocks until only masks are left.
 * @returns low-resolution logits [B, M, 4 grid, 4 grid]
 */
export function paintMasks(
  scope: Scope,
  config: SamConfig,
  { pixels, vectors }: Pick<DecodedTokens, "pixels" | "vectors">,
): o.Value {
  const p = scope.at("mask_decoder.output_upscaling");
  const { promptEmbed: c } = config;
  const grid = gridOf(config);
  const [batch, masks] = vectors.shape;
  const double = (at: number, x: o.Value, channels: number) => {
    const weight = p.parameter(`${at}.weight`, [x.shape[1], channels, 2, 2], fanIn());
    const flat = o.reshape(o.transpose(weight, [0, 2, 3, 1]), [x.shape[1], 4 * channels]);
    const bias = p.parameter(`${at}.bias`, [channels], zeros);
    return o.reshape(o.gemm(x, flat, { bias: o.concat([bias, bias, bias, bias], 0) }), [-1, channels]);
  };
  const first = double(0, o.reshape(pixels, [-1, c]), c / 4);
  const second = o.gelu(double(3, o.gelu(layerNorm(p.at(1), first, 1e-6)), c / 8));
  const painted = o.reshape(second, [batch, 16 * grid * grid, c / 8]);
  // [B, y, x, i, j, k, l, M]: a patch, a half of it, a quarter.
  const blocks = o.reshape(o.matmul(painted, o.transposeLast(vectors)), [
    batch,
    grid,
    grid,
    2,
    2,
    2,
    2,
    masks,
  ]);
  return o.reshape(o.transpose(blocks, [0, 7, 1, 3, 5, 2, 4, 6]), [batch, masks, 4 * grid, 4 * grid]);
}
