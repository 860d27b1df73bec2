/** Photos made smaller by averaging areas. */
import { createRaster, type Raster, type Region, reflect } from "../../image/raster.js";

/** The source pixels from `first` on that a pixel of the result covers, and the share of each. */
interface Span {
  readonly first: number;
  readonly shares: readonly number[];
}

/** Tells which pixels of a line of `from` each of `to` covers, to no more than `from`. */
function spansOf(from: number, to: number): Span[] {
  const step = from / to;
  return Array.from({ length: to }, (_, i) => {
    const [begin, end] = [i * step, (i + 1) * step];
    const first = Math.floor(begin);
    const count = Math.min(from, Math.ceil(end - 1e-9)) - first;
    const shares = Array.from({ length: count }, (_, k) => {
      const covered = Math.min(end, first + k + 1) - Math.max(begin, first + k);
      return covered / step;
    });
    return { first, shares };
  });
}

/**
 * Returns a square of a photo as one of another side, each pixel the mean of the area that it covers, rounded
 * to 8 bits.
 * @param photo 8-bit RGB, reflected beyond its edges
 * @param region square, at least as large as `side`
 */
export function rescaledSquare(photo: Raster, region: Region, side: number): Raster {
  const { data, width, height } = photo;
  const spans = spansOf(region.width, side);
  const columns = Int32Array.from({ length: region.width }, (_, i) => 3 * reflect(region.x + i, width));
  const out = createRaster(side, side, 3);
  const line = new Float64Array(3 * side);
  for (const [y, { first, shares }] of spans.entries()) {
    line.fill(0);
    for (const [k, down] of shares.entries()) {
      const row = 3 * width * reflect(region.y + first + k, height);
      for (const [x, across] of spans.entries()) {
        for (const [j, share] of across.shares.entries()) {
          const at = row + columns[across.first + j];
          const weight = down * share;
          line[3 * x] += weight * data[at];
          line[3 * x + 1] += weight * data[at + 1];
          line[3 * x + 2] += weight * data[at + 2];
        }
      }
    }
    for (let i = 0; i < line.length; i++) out.data[3 * side * y + i] = Math.round(line[i]);
  }
  return out;
}
