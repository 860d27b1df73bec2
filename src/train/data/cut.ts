import { type Raster, type Region, reflect } from "../../image/raster.js";

/** What an 8-bit level is in [-1, 1]. */
const LEVELS = Float32Array.from({ length: 256 }, (_, level) => level * (1 / 127.5) - 1);

/**
 * Computes `orient(toTensor(photo, region), side, orientation)` in one pass: a square of a photo, turned,
 * without the upright one.
 *
 * @param photo 8-bit RGB, reflected beyond its edges
 * @param region square
 * @param orientation 0..7; see `orient`
 * @returns [3, side, side] in [-1, 1]
 */
export function cutOriented(photo: Raster, region: Region, orientation: number): Float32Array {
  const { data, width, height } = photo;
  const side = region.width;
  const transposed = (orientation & 4) !== 0;
  const columns = steps(region.x, side, width, 3, (orientation & (transposed ? 2 : 1)) !== 0);
  const rows = steps(region.y, side, height, 3 * width, (orientation & (transposed ? 1 : 2)) !== 0);
  const [across, down] = transposed ? [rows, columns] : [columns, rows];
  const plane = side * side;
  const out = new Float32Array(3 * plane);
  for (let y = 0, to = 0; y < side; y++) {
    const line = down[y];
    for (let x = 0; x < side; x++, to++) {
      const from = line + across[x];
      out[to] = LEVELS[data[from]];
      out[plane + to] = LEVELS[data[from + 1]];
      out[2 * plane + to] = LEVELS[data[from + 2]];
    }
  }
  return out;
}

/** Tells where in the photo's data its rows or columns begin, in the order in which they are laid. */
function steps(start: number, length: number, size: number, step: number, flipped: boolean): Int32Array {
  return Int32Array.from({ length }, (_, i) => step * reflect(start + (flipped ? length - 1 - i : i), size));
}
