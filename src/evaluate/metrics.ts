import { SamsrError } from "../base/errors.js";
import { bitDepth, type Raster } from "../image/raster.js";
import { luma, type Plane } from "./luma.js";

/**
 * PSNR and SSIM as super-resolution papers report them: on luma, with a border shaved off.
 *
 * The luma is BT.601 in 16..235 (MATLAB's rgb2ycbcr), kept in floating point, not rounded. Figures from
 * different papers compare only if the luma, the border and the window agree, so all three are stated here.
 * Pictures are 8-bit rasters of 1 to 4 channels; alpha is ignored.
 */

export interface MetricOptions {
  /** Pixels left out along every edge. Default: 4, the scale factor. */
  border?: number;
}

/** The peak of both metrics: the full range of 8 bits, although luma ends at 235. That is the custom. */
const PEAK = 255;

/**
 * Peak signal-to-noise ratio of the luma in dB, 10 log10(255^2 / MSE). Infinity for equal pictures.
 *
 * @throws SamsrError when the pictures differ in size, have 16 bits, or nothing is left inside the border
 */
export function psnrY(a: Raster, b: Raster, { border = 4 }: MetricOptions = {}): number {
  const [x, y] = lumaPair(a, b, border, 1);
  let sum = 0;
  for (let i = 0; i < x.data.length; i++) {
    const difference = x.data[i] - y.data[i];
    sum += difference * difference;
  }
  return 10 * Math.log10((PEAK * PEAK * x.data.length) / sum);
}

/**
 * Mean structural similarity of the luma: Wang, Bovik, Sheikh, Simoncelli, "Image quality assessment: from
 * error visibility to structural similarity", IEEE TIP 2004, equation 13. An 11x11 Gaussian window of
 * deviation 1.5, K1 = 0.01, K2 = 0.03, only where the window fits entirely. 1 for equal pictures.
 *
 * @throws SamsrError when the pictures differ in size, have 16 bits, or the window does not fit inside the
 *   border
 */
export function ssimY(a: Raster, b: Raster, { border = 4 }: MetricOptions = {}): number {
  const [x, y] = lumaPair(a, b, border, WINDOW.length);
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

const WINDOW = gaussianWindow(11, 1.5);

function gaussianWindow(size: number, sigma: number): Float64Array {
  const taps = Float64Array.from({ length: size }, (_, i) =>
    Math.exp(-((i - (size - 1) / 2) ** 2) / (2 * sigma * sigma)),
  );
  const sum = taps.reduce((total, tap) => total + tap, 0);
  return taps.map((tap) => tap / sum);
}

/**
 * The Gaussian-weighted mean of a map around every pixel where the window fits: separable, rows then columns.
 */
function windowed({ width, height }: Plane, map: (index: number) => number): Float64Array {
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

function lumaPair(a: Raster, b: Raster, border: number, least: number): [Plane, Plane] {
  if (a.width !== b.width || a.height !== b.height) {
    throw new SamsrError(
      `cannot compare a ${a.width}x${a.height} picture with a ${b.width}x${b.height} one: expected equal sizes`,
    );
  }
  if (bitDepth(a) !== 8 || bitDepth(b) !== 8) {
    throw new SamsrError("cannot compare 16-bit pictures: expected 8 bits a channel (see toEightBits)");
  }
  const smallest = Math.min(a.width, a.height) - 2 * border;
  if (smallest < least) {
    throw new SamsrError(
      `cannot compare ${a.width}x${a.height} pictures with a border of ${border}: ` +
        `both sides must be at least ${least + 2 * border}`,
    );
  }
  return [luma(a, border), luma(b, border)];
}
