import { checkOptions } from "../../base/arguments.js";
import type { Raster } from "../../image/raster.js";
import { LUMA_OPTIONS, type LumaOptions, type LumaPlane } from "../luma.js";
import { closedForm } from "./closed-form.js";
import { lumaPair, PEAK } from "./luma-pair.js";

/**
 * Computes the mean structural similarity of the luma: Wang, Bovik, Sheikh, Simoncelli, "Image quality
 * assessment: from error visibility to structural similarity", IEEE TIP 2004, equation 13. An 11x11 Gaussian
 * window of deviation 1.5, K1 = 0.01, K2 = 0.03, only where the window fits entirely. 1 for equal pictures.
 *
 * @throws SamsrError when the pictures differ in size, have 16 bits, or the window does not fit inside the
 *   border
 */
export function ssimY(a: Raster, b: Raster, options: LumaOptions = {}): number {
  checkOptions("ssimY", options, LUMA_OPTIONS);
  const [x, y] = lumaPair(a, b, options.border ?? 4, WINDOW.length);
  const c1 = (0.01 * PEAK) ** 2;
  const c2 = (0.03 * PEAK) ** 2;

  // Only the sum of both variances enters, so four filtered maps are enough instead of five.
  const meanX = windowed(x, (i) => x.data[i]);
  const meanY = windowed(x, (i) => y.data[i]);
  const squares = windowed(x, (i) => x.data[i] * x.data[i] + y.data[i] * y.data[i]);
  const products = windowed(x, (i) => x.data[i] * y.data[i]);

  let sum = 0;
  for (let i = 0; i < meanX.length; i++) {
    const mx = meanX[i];
    const my = meanY[i];
    const variances = squares[i] - mx * mx - my * my;
    const covariance = products[i] - mx * my;
    sum += ((2 * mx * my + c1) * (2 * covariance + c2)) / ((mx * mx + my * my + c1) * (variances + c2));
  }
  return sum / meanX.length;
}

export const ssim = closedForm({
  ...{ label: "SSIM(Y)", decimals: 4, needsReference: true, better: "higher" },
  about: "mean structural similarity of the luma (Wang et al. 2004)",
  formula:
    async ({ border }) =>
    (picture, original) =>
      ssimY(picture, original!, { border }),
});

const WINDOW = gaussianWindow(11, 1.5);

function gaussianWindow(size: number, sigma: number): Float64Array {
  const taps = Float64Array.from({ length: size }, (_, i) =>
    Math.exp(-((i - (size - 1) / 2) ** 2) / (2 * sigma * sigma)),
  );
  const sum = taps.reduce((total, tap) => total + tap, 0);
  return taps.map((tap) => tap / sum);
}

/**
 * Returns the Gaussian-weighted mean of a map around every pixel where the window fits: separable, rows then
 * columns.
 */
function windowed({ width, height }: LumaPlane, map: (index: number) => number): Float64Array {
  const taps = WINDOW.length;
  const outWidth = width - taps + 1;
  const outHeight = height - taps + 1;
  const row = new Float64Array(width);
  const out = new Float64Array(outWidth * outHeight);
  for (let y = 0; y < height; y++) {
    for (let x = 0; x < width; x++) row[x] = map(y * width + x);
    for (let x = 0; x < outWidth; x++) {
      let value = 0;
      for (let t = 0; t < taps; t++) value += WINDOW[t] * row[x + t];
      row[x] = value; // in place: column x of the row is not read again
    }
    const [from, to] = [Math.max(0, y - taps + 1), Math.min(outHeight - 1, y)];
    for (let v = from; v <= to; v++) {
      const weight = WINDOW[y - v];
      const base = v * outWidth;
      for (let x = 0; x < outWidth; x++) out[base + x] += weight * row[x];
    }
  }
  return out;
}
