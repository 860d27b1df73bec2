import { kernels, taps } from "../../image/resize.js";

/**
 * Returns linear interpolation of `from` values to `to`, half-pixel centres, ends repeated, as a matrix [to,
 * from].
 */
export function resizeMatrix(from: number, to: number): Float32Array {
  const { count, first, weights } = taps(from, to, kernels.bilinear, false);
  const matrix = new Float32Array(to * from);
  for (let i = 0; i < to; i++) {
    for (let k = 0; k < count; k++) matrix[i * from + first[i]! + k] = weights[i * count + k]!;
  }
  return matrix;
}
