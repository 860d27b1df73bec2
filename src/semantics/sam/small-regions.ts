/** Removes what is small from a mask: holes are filled, islands are dropped (both 8-connected). */
import { SamsrError } from "../../base/errors.js";

/** The connected parts of what has a value: which pixel is in which part (from 1), and how large each is. */
interface Parts {
  readonly labels: Int32Array;
  /** The area of each label, in pixels; the first is unused. */
  readonly areas: readonly number[];
}

/**
 * Fills the holes of fewer than `smallest` pixels, the surroundings among them if they are so small, then
 * drops the islands of fewer; of islands that are all too small the largest stays.
 *
 * @param mask [H, W]
 * @returns the mask itself where nothing had to change
 */
export function removeSmallRegions(
  mask: Uint8Array,
  width: number,
  height: number,
  smallest: number,
): Uint8Array {
  if (mask.length !== width * height) {
    throw new SamsrError(`a mask of ${width} x ${height} needs ${width * height} pixels; got ${mask.length}`);
  }
  return dropIslands(fillHoles(mask, width, height, smallest), width, height, smallest);
}

function fillHoles(mask: Uint8Array, width: number, height: number, smallest: number): Uint8Array {
  const { labels, areas } = partsOf(mask, 0, width, height);
  if (!areas.some((area, label) => label > 0 && area < smallest)) return mask;
  return mask.map((inside, p) => (inside || areas[labels[p]] < smallest ? 1 : 0));
}

function dropIslands(mask: Uint8Array, width: number, height: number, smallest: number): Uint8Array {
  const { labels, areas } = partsOf(mask, 1, width, height);
  if (!areas.some((area, label) => label > 0 && area < smallest)) return mask;
  const largest = areas.reduce(
    (best, area, label) => (label > 0 && area > (areas[best] ?? 0) ? label : best),
    0,
  );
  return mask.map((inside, p) => (inside && (areas[labels[p]] >= smallest || labels[p] === largest) ? 1 : 0));
}

/**
 * Floods part after part. Parts are numbered by the first square of 2 x 2 pixels, row after row, that they
 * have a pixel in: the order of OpenCV's labels, which decides between islands of equal size.
 */
function partsOf(mask: Uint8Array, value: 0 | 1, width: number, height: number): Parts {
  const labels = new Int32Array(mask.length);
  const areas = [0];
  const stack = new Int32Array(mask.length);
  const isNew = (p: number) => (mask[p] !== 0) === (value === 1) && labels[p] === 0;

  function flood(start: number): void {
    const label = areas.length;
    let [area, depth] = [0, 0];
    labels[start] = label;
    stack[depth++] = start;
    while (depth > 0) {
      const p = stack[--depth];
      area++;
      const [x, y] = [p % width, Math.floor(p / width)];
      for (let v = Math.max(y - 1, 0); v <= Math.min(y + 1, height - 1); v++) {
        for (let u = Math.max(x - 1, 0); u <= Math.min(x + 1, width - 1); u++) {
          const q = v * width + u;
          if (!isNew(q)) continue;
          labels[q] = label;
          stack[depth++] = q;
        }
      }
    }
    areas.push(area);
  }
  for (let top = 0; top < height; top += 2) {
    for (let left = 0; left < width; left += 2) {
      for (let y = top; y < Math.min(top + 2, height); y++) {
        for (let x = left; x < Math.min(left + 2, width); x++) if (isNew(y * width + x)) flood(y * width + x);
      }
    }
  }
  return { labels, areas };
}
