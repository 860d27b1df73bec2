import { SamsrError } from "../../base/errors.js";
import { SCALE } from "../../base/scale.js";
import { type Raster, type Region, reflect } from "../../image/raster.js";
import type { ReductionKernel } from "./kernel.js";

/**
 * Blurs and reduces a region of a photo by 4, reading the real pixels around it, so that a crop of the result
 * is the result of a crop. Separable: columns first, because that walks along the rows of the photo.
 *
 * @param photo 8-bit RGB
 * @param region in HR pixels, both sides divisible by 4; the photo is reflected beyond its edges
 * @returns [3, region.height / 4, region.width / 4], 8-bit levels in [-1, 1], neither clipped nor rounded
 * @throws SamsrError when a side does not divide by 4
 */
export function blurAndReduce(photo: Raster, region: Region, kernel: ReductionKernel): Float32Array {
  if (region.width % SCALE !== 0 || region.height % SCALE !== 0) {
    throw new SamsrError(
      `cannot reduce ${region.width}x${region.height} pixels by ${SCALE}: both sides must divide by ${SCALE}`,
    );
  }
  const width = region.width / SCALE;
  const height = region.height / SCALE;
  const taps = kernel.weights.length;
  const weights = Float32Array.from(kernel.weights);

  // The HR columns that the result needs, resolved to indices into a row of the photo.
  const span = region.width - SCALE + taps;
  const columns = new Int32Array(span);
  for (let x = 0; x < span; x++) columns[x] = 3 * reflect(region.x + kernel.first + x, photo.width);

  const plane = width * height;
  const out = new Float32Array(3 * plane);
  const line = new Float32Array(span * 3);
  for (let y = 0; y < height; y++) {
    line.fill(0);
    for (let t = 0; t < taps; t++) {
      const row = 3 * photo.width * reflect(region.y + SCALE * y + kernel.first + t, photo.height);
      addRow(line, photo.data, row, columns, weights[t]);
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
      const to = y * width + x;
      out[to] = r / 127.5 - 1;
      out[plane + to] = g / 127.5 - 1;
      out[2 * plane + to] = b / 127.5 - 1;
    }
  }
  return out;
}

function addRow(
  line: Float32Array,
  data: Raster["data"],
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
