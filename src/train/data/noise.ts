import type { Random } from "../../base/random.js";

/** Add Gaussian noise of deviation `sigma` (8-bit levels) to every value, in place, channels independent. */
export function addGaussianNoise(values: Float32Array, sigma: number, random: Random): void {
  if (sigma === 0) return;
  const normals = random.normals(new Float32Array(values.length));
  for (let i = 0; i < values.length; i++) values[i] += sigma * normals[i];
}
