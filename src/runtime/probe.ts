import { constant, conv, input, toModel } from "../onnx/index.js";

/**
 * A small model that tells whether a device computes, computes right, and is fast: a chain of 3x3
 * convolutions, which is most of what a denoiser does.
 */
export interface ProbeModel {
  readonly bytes: Uint8Array;
  readonly shape: readonly number[];
}

/** How far from the CPU's a right answer may be; the values are of the order of 1. */
export const PROBE_TOLERANCE = 1e-2;

/**
 * Makes a probe of 0.04 GFLOP: a software adapter (SwiftShader, llvmpipe) needs some 50 ms for it, a GPU one.
 */
export function smallProbe(): ProbeModel {
  return chain(32, 48, 1);
}

/** Makes a probe of 4.8 GFLOP, which takes a CPU some 13 to 50 ms. */
export function largeProbe(): ProbeModel {
  return chain(64, 128, 4);
}

function chain(channels: number, side: number, layers: number): ProbeModel {
  const shape = [1, channels, side, side];
  // Noise of variance 1 / fan-in: every layer keeps the scale of its input.
  const weights = Float32Array.from({ length: channels * channels * 9 }, (_, i) => {
    const noise = Math.sin(i * 12.9898) * 43758.5453;
    return (noise - Math.floor(noise) - 0.5) * Math.sqrt(12 / (channels * 9));
  });
  const weight = constant(weights, [channels, channels, 3, 3]);
  let x = input("x", shape);
  for (let i = 0; i < layers; i++) x = conv(x, weight, undefined, { padding: 1 });
  return { bytes: toModel({ y: x }).bytes, shape };
}
