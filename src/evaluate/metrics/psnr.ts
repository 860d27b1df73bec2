import { checkOptions } from "../../base/arguments.js";
import type { Raster } from "../../image/raster.js";
import { LUMA_OPTIONS, type LumaOptions } from "../luma.js";
import { closedForm } from "./closed-form.js";
import { lumaPair, PEAK } from "./luma-pair.js";

/**
 * Computes the peak signal-to-noise ratio of the luma in dB, 10 log10(255^2 / MSE); infinity for equal
 * pictures.
 *
 * @throws SamsrError when the pictures differ in size, have 16 bits, or nothing is left inside the border
 */
export function psnrY(a: Raster, b: Raster, options: LumaOptions = {}): number {
  checkOptions("psnrY", options, LUMA_OPTIONS);
  const [x, y] = lumaPair(a, b, options.border ?? 4, 1);
  let sum = 0;
  for (let i = 0; i < x.data.length; i++) {
    const difference = x.data[i] - y.data[i];
    sum += difference * difference;
  }
  return 10 * Math.log10((PEAK * PEAK * x.data.length) / sum);
}

export const psnr = closedForm({
  ...{ label: "PSNR(Y)", decimals: 2, needsReference: true, better: "higher" },
  about: "peak signal-to-noise ratio of the luma in dB",
  formula:
    async ({ border }) =>
    (picture, original) =>
      psnrY(picture, original!, { border }),
});
