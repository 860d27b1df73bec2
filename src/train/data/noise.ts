import type { Random } from "../../base/random.js";

/**
 * Adds Gaussian noise to values in [-1, 1], in place, each independent. `sigma` is its deviation in 8-bit
 * levels.
 */
export function addGaussianNoise(values: Float32Array, sigma: number, random: Random): void {
  if (sigma === 0) return;
  const normals = random.normals(new Float32Array(values.length));
  const scale = sigma / 127.5;
  for (let i = 0; i < values.length; i++) values[i] += scale * normals[i];
}
