/**
 * The prompt encoder of Segment Anything: points and corners of boxes as random Fourier features (Tancik et
 * al. 2020, arXiv 2006.10739) plus a learnt vector for what they are; masks by a few convolutions.
 */
import { layerNorm, normal, type Scope, zeros } from "../../nn/index.js";
import * as o from "../../onnx/index.js";
import { gridOf, type SamConfig } from "./config.js";

/**
 * What a point is. Prompts without a box end with one `padding` point (anywhere), because the published
 * models were trained so; a box is its two corners.
 */
export const LABELS = { padding: -1, background: 0, foreground: 1, topLeft: 2, bottomRight: 3 } as const;

export interface Prompts {
  /** Points [B, P, 2]: x and y in pixels of the S x S image, 0 at the first pixel's centre. */
  readonly points: o.Value;
  /** Labels [B, P] out of `LABELS`, float32. */
  readonly labels: o.Value;
}

/** Points -> tokens [B, P, C]. */
export function embedPoints(p: Scope, config: SamConfig, { points, labels }: Prompts): o.Value {
  const { promptEmbed: c, imageSize } = config;
  const [batch, count] = labels.shape;
  if (points.shape.length !== 3 || String(points.shape) !== String([batch, count, 2])) {
    throw new Error(
      `prompt encoder: points [${points.shape}] and labels [${labels.shape}] do not go together`,
    );
  }
  const e = p.at("prompt_encoder");
  const label = o.reshape(labels, [batch, count, 1]);
  const is = (which: number) => o.equal(label, which);
  const vector = (name: string) => o.reshape(e.parameter(`${name}.weight`, [1, c], normal(1)), [1, 1, c]);
  const centred = o.div(o.add(points, 0.5), imageSize);
  const place = o.where(is(LABELS.padding), 0, fourier(p, config, centred));
  const kinds = [0, 1, 2, 3].map((kind) => [kind, vector(`point_embeddings.${kind}`)] as const);
  const kind = kinds.reduce((sum, [which, v]) => o.where(is(which), v, sum), vector("not_a_point_embed"));
  return o.add(place, kind);
}

/** Tells where the patches of an image are: [grid grid, C]. */
export function imagePlaces(p: Scope, config: SamConfig): o.Value {
  const grid = gridOf(config);
  const places = Float32Array.from({ length: 2 * grid * grid }, (_, i) => {
    const at = i >> 1;
    return ((i % 2 === 0 ? at % grid : Math.floor(at / grid)) + 0.5) / grid;
  });
  return o.reshape(fourier(p, config, o.constant(places, [1, grid * grid, 2])), [
    grid * grid,
    config.promptEmbed,
  ]);
}

/** Maps x and y in [0, 1], [B, P, 2] -> sines and cosines [B, P, C]. */
function fourier(p: Scope, { promptEmbed: c }: SamConfig, places: o.Value): o.Value {
  const [batch, count] = places.shape;
  const name = "prompt_encoder.pe_layer.positional_encoding_gaussian_matrix";
  const frequencies = p.parameter(name, [2, c / 2], normal(1));
  const signed = o.reshape(o.sub(o.mul(places, 2), 1), [batch * count, 2]);
  const angles = o.mul(o.gemm(signed, frequencies), 2 * Math.PI);
  return o.reshape(o.concat([o.sin(angles), o.cos(angles)], 1), [batch, count, c]);
}

/** Returns what is added to the image embedding when no mask is given: [C]. */
export function noMask(p: Scope, { promptEmbed: c }: SamConfig): o.Value {
  return o.reshape(p.parameter("prompt_encoder.no_mask_embed.weight", [1, c], normal(1)), [c]);
}

/**
 * Embeds a mask prompt [B, 1, 4 grid, 4 grid], logits -> what is added to the image embedding, [B, grid grid,
 * C].
 */
export function embedMask(p: Scope, config: SamConfig, mask: o.Value): o.Value {
  const { maskChannels, promptEmbed } = config;
  const grid = gridOf(config);
  const [batch, one, height, width] = mask.shape;
  if (one !== 1 || height !== 4 * grid || width !== 4 * grid) {
    throw new Error(`prompt encoder: expected a mask [B, 1, ${4 * grid}, ${4 * grid}], got [${mask.shape}]`);
  }
  const e = p.at("prompt_encoder.mask_downscaling");
  const half = (at: number, x: o.Value, channels: number) => {
    const weight = e.parameter(`${at}.weight`, [channels, x.shape[1], 2, 2], normal(0.02));
    const bias = e.parameter(`${at}.bias`, [channels], zeros);
    const y = o.transpose(o.conv(x, weight, bias, { stride: 2 }), [0, 2, 3, 1]);
    return o.gelu(layerNorm(e.at(at + 1), y, 1e-6));
  };
  const channelsFirst = (x: o.Value) => o.transpose(x, [0, 3, 1, 2]);
  const first = half(0, mask, maskChannels / 4);
  const second = half(3, channelsFirst(first), maskChannels);
  const weight = e.parameter("6.weight", [promptEmbed, maskChannels, 1, 1], normal(0.02));
  const flat = o.gemm(o.reshape(second, [-1, maskChannels]), o.reshape(weight, [promptEmbed, maskChannels]), {
    transB: true,
    bias: e.parameter("6.bias", [promptEmbed], zeros),
  });
  return o.reshape(flat, [batch, grid * grid, promptEmbed]);
}
