/**
 * The forward process: from the sharp image towards the upscaled one, under growing noise.
 *
 * All images are arrays [C, H, W] (or [N, C, H, W]) in the range the denoiser works in, [-1, 1] for pixels.
 * x0 is the sharp image, y the upscaled low-resolution one; both may be latents.
 */
import { type Field, mapFields, weightedSum } from "./field.js";

/** What {@link forward} needs. */
export interface ForwardInput {
  x0: Float32Array;
  y: Float32Array;
  /** Of unit variance; the shape of x0. */
  noise: Float32Array;
  eta: Field;
  kappa: Field;
}

/**
 * A sample of q(x_t | x0, y), equation 1: x0 + eta (y - x0) + kappa sqrt(eta) noise.
 * With maps of equation 9 for eta and kappa it is the pixel-wise forward process.
 */
export function forward({ x0, y, noise, eta, kappa }: ForwardInput): Float32Array {
  return weightedSum(
    { weight: mapFields((e) => 1 - e, eta), values: x0 },
    { weight: eta, values: y },
    { weight: noiseLevel(eta, kappa), values: noise },
  );
}

/**
 * Where every chain starts, x_T = y + kappa sqrt(eta) noise, with the eta of the last timestep (equation 10).
 * It is the forward process with its mean taken to be y, since x0 is not known yet.
 */
export function prior({ y, noise, eta, kappa }: Omit<ForwardInput, "x0">): Float32Array {
  return weightedSum({ weight: 1, values: y }, { weight: noiseLevel(eta, kappa), values: noise });
}

/** Standard deviation of the noise in x_t: kappa sqrt(eta). */
export function noiseLevel(eta: Field, kappa: Field): Field {
  return mapFields((e, k) => k * Math.sqrt(e), eta, kappa);
}

/**
 * What x_t is multiplied by before the denoiser sees it: 1 / sqrt(eta kappa^2 + 1), so that its variance stays
 * about 1 for images of unit variance. SAMSR keeps the global eta and kappa here: the denoiser was taught with them.
 */
export function inputScale(eta: number, kappa: number): number {
  return 1 / Math.sqrt(eta * kappa * kappa + 1);
}
