import { SamsrError } from "../../base/errors.js";
import { type ReductionKernel, SCALE } from "./kernel.js";
import { type Region, type Rgb, reflect } from "./rgb.js";

/**
 * Blur and reduce a region of a picture by 4, reading the real pixels around it, so that a crop of the result is
 * the result of a crop. Separable: columns first, because that walks along the rows of the picture.
 *
 * @param region in HR pixels, both sides divisible by 4; the picture is reflected beyond its edges
 * @returns interleaved RGB, 0..255, not rounded, of (region.height / 4) x (region.width / 4) pixels
 * @throws SamsrError when a side does not divide by 4
 */
export function blurAndReduce(picture: Rgb, region: Region, kernel: ReductionKernel): Float32Array {
  const { left, top } = region;
  if (region.width % SCALE !== 0 || region.height % SCALE !== 0) {
    throw new SamsrError(
      `cannot reduce ${region.width}x${region.height} pixels by ${SCALE}: both sides must divide by ${SCALE}`,
    );
  }
  const width = region.width / SCALE;
  const height = region.height / SCALE;
  const taps = kernel.weights.length;
  const weights = Float32Array.from(kernel.weights);

  // The HR columns that the result needs, resolved to indices into a row of the picture.
  const span = region.width - SCALE + taps;
  const columns = new Int32Array(span);
  for (let x = 0; x < span; x++) columns[x] = 3 * reflect(left + kernel.first + x, picture.width);

  const out = new Float32Array(width * height * 3);
  const line = new Float32Array(span * 3);
  for (let y = 0; y < height; y++) {
    line.fill(0);
    for (let t = 0; t < taps; t++) {
      const row = 3 * picture.width * reflect(top + SCALE * y + kernel.first + t, picture.height);
      addRow(line, picture.data, row, columns, weights[t]);
    }
    for (let x = 0; x < width; x++) {
      let r = 0;
      let g = 0;
      let b = 0;
      for (let t = 0, from = 3 * SCALE * x; t < taps; t++, from += 3) {
        const weight = weights[t];
        r += weight * line[from];
        g += weight * line[from + 1];
        b += weight * line[from + 2];
      }
      const to = (y * width + x) * 3;
      out[to] = r;
      out[to + 1] = g;
      out[to + 2] = b;
    }
  }
  return out;
}

function addRow(
  line: Float32Array,
  data: Uint8Array,
  row: number,
  columns: Int32Array,
  weight: number,
): void {
  for (let x = 0; x < columns.length; x++) {
    const from = row + columns[x];
    const to = 3 * x;
    line[to] += weight * data[from];
    line[to + 1] += weight * data[from + 1];
    line[to + 2] += weight * data[from + 2];
  }
}
