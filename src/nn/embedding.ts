import * as o from "../onnx/index.js";

/**
 * Computes the sinusoidal embedding of timesteps [N] -> [N, channels]: cosines first, then sines, of t /
 * 10000^(i / half) (Vaswani et al. 2017, in the order of the public diffusion code).
 */
export function timestepEmbedding(t: o.Value, channels: number): o.Value {
  const half = channels >> 1;
  const frequencies = Float32Array.from({ length: half }, (_, i) => 10000 ** (-i / half));
  const angles = o.mul(o.reshape(t, [t.shape[0], 1]), o.constant(frequencies, [1, half]));
  return o.concat([o.cos(angles), o.sin(angles)], 1);
}
