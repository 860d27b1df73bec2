import { mapFields, type PixelwiseOptions, pixelwise, type Schedule } from "../diffusion/index.js";
import { type FloatTensor, floatTensor } from "../runtime/index.js";
import type { BatchShape } from "./space.js";

/** The process of algorithm 1's roll-out: the released code's keeps the global rates, and has masks in its noise alone. */
export const rollOutRates = (weight: Float32Array | number, options: PixelwiseOptions) =>
  pixelwise(options.variant === "release" ? 0 : weight, options);

/**
 * eta and kappa sqrt(eta) of equation 3 at each pixel of a batch, by equation 9.
 * @param timesteps one for each picture
 * @param weight W [N, S, S], in [0, 1]
 * @returns both [N, 1, S, S]
 */
export function localRates(
  { eta, kappa }: Schedule,
  timesteps: readonly number[],
  weight: Float32Array,
  { batch, side }: BatchShape,
  options: PixelwiseOptions,
): { readonly eta: FloatTensor; readonly sigma: FloatTensor } {
  const plane = side * side;
  const [etas, sigmas] = [0, 1].map(() => floatTensor([batch, 1, side, side]));
  timesteps.forEach((t, n) => {
    const part = (v: Float32Array) => v.subarray(n * plane, (n + 1) * plane);
    const local = rollOutRates(part(weight), options);
    const rate = local.eta(eta[t]);
    const level = mapFields((e, k) => k * Math.sqrt(e), rate, local.kappa(kappa));
    for (const [to, field] of [
      [etas, rate],
      [sigmas, level],
    ] as const) {
      if (typeof field === "number") part(to.data).fill(field);
      else part(to.data).set(field);
    }
  });
  return { eta: etas, sigma: sigmas };
}
