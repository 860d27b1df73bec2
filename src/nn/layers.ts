import * as o from "../onnx/index.js";
import { constantly, fanIn, type Initializer, ones, zeros } from "./initializers.js";
import type { Scope } from "./scope.js";

interface ConvLayerOptions {
  readonly stride?: number;
  /** Zeros beyond each border; default: as many as keep the size. */
  readonly padding?: number;
  readonly initializer?: Initializer;
  readonly bias?: boolean;
}

/**
 * Computes a k x k convolution to `channels`, zero-padded, by default so as to keep the size (before the
 * stride).
 */
export function conv(
  p: Scope,
  x: o.Value,
  channels: number,
  kernel: number,
  options: ConvLayerOptions = {},
): o.Value {
  const same = (kernel - 1) / 2;
  const { stride = 1, padding = same, initializer = fanIn(), bias: biased = true } = options;
  const weight = p.parameter("weight", [channels, x.shape[1], kernel, kernel], initializer);
  const bias = biased ? p.parameter("bias", [channels], zeros) : undefined;
  const extra = kernel > 1 ? unusedChannels(x.shape[1]) : 0;
  const wider = (v: o.Value) => o.pad(v, [0, 0, 0, 0], [0, extra, 0, 0]);
  const [image, taps] = [wider(x), wider(weight)];
  const keeps = stride === 1 && padding === same;
  if (p.convolutions.winograd && keeps && o.trainableWinogradPays(image.shape, taps.shape)) {
    return o.trainableWinogradConv(image, taps, bias);
  }
  return o.conv(image, taps, bias, { stride, padding });
}

/**
 * Tells how many channels of zeros to add to an input of `channels`. ONNX Runtime's WebGPU provider computes
 * wrong sums over 6, 9, 15, 18, ... channels, multiples of 3 that are none of 4 (onnxruntime issue 29651,
 * 1.30 included; 3 itself is right), and the first convolution of a denoiser has 51 or 6. Elsewhere the zeros
 * change nothing.
 */
function unusedChannels(channels: number): number {
  const wrong = channels > 3 && channels % 3 === 0 && channels % 4 !== 0;
  return wrong ? 4 - (channels % 4) : 0;
}

/** Computes a linear layer from x [N, in] to [N, out], with PyTorch's weight [out, in] and a bias. */
export function linear(p: Scope, x: o.Value, out: number, initializer: Initializer = fanIn()): o.Value {
  const weight = p.parameter("weight", [out, x.shape[1]], initializer);
  return o.gemm(x, weight, { transB: true, bias: p.parameter("bias", [out], zeros) });
}

/** Multiplies what is below 0 in x [N, C, H, W] by its channel's slope, PyTorch's weight [C]. */
export function prelu(p: Scope, x: o.Value): o.Value {
  const channels = x.shape[1];
  const weight = p.parameter("weight", [channels], constantly(0.25));
  return o.prelu(x, o.reshape(weight, [channels, 1, 1]));
}

interface GroupNormOptions {
  /** The number of groups; 32, as in the published denoiser and autoencoder, when left out. */
  readonly groups?: number;
  readonly epsilon?: number;
  /** What the result is scaled (by 1 + scale) and shifted by, each [N, C]. */
  readonly modulation?: readonly [scale: o.Value, shift: o.Value];
}

/** Computes group normalisation of x [N, C, H, W], with a weight and a bias for each channel. */
export function groupNorm(
  p: Scope,
  x: o.Value,
  { groups = 32, epsilon = 1e-5, modulation }: GroupNormOptions = {},
): o.Value {
  const channels = [x.shape[1]];
  const [weight, bias] = [p.parameter("weight", channels, ones), p.parameter("bias", channels, zeros)];
  if (!modulation) return o.groupNorm(x, groups, weight, bias, epsilon);
  const [scale, shift] = [o.add(modulation[0], 1), modulation[1]];
  return o.groupNorm(x, groups, o.mul(scale, weight), o.add(o.mul(scale, bias), shift), epsilon);
}

/**
 * Computes layer normalisation over the last axis of x, with a weight and a bias for each of its channels.
 */
export function layerNorm(p: Scope, x: o.Value, epsilon = 1e-5): o.Value {
  const channels = [x.shape[x.shape.length - 1]];
  return o.layerNorm(x, p.parameter("weight", channels, ones), p.parameter("bias", channels, zeros), epsilon);
}
