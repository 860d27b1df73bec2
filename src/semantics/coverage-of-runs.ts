/**
 * Masks to coverage without their pixels: each is added to the counts from its runs, then it can be
 * forgotten.
 */
import { SamsrError } from "../base/errors.js";
import { type Coverage, coverageOf } from "./coverage.js";
import { MASK_THRESHOLD, prepareMasks } from "./masks.js";
import { forEachStretch, pixelsOf, type Runs } from "./runs.js";

/** More masks than fit into the counts; the public grid makes a few thousand before its filters. */
const MOST_MASKS = 65535;

/**
 * Returns the coverage of masks at the size of the low-resolution image: what `coverageOf(prepareMasks(...))`
 * gives, in memory for one mask at a time. Masks of a whole number of times the size (paper: 4) are
 * average-pooled and thresholded (equations 3 and 4) by counting.
 *
 * @throws SamsrError when masks differ in size, or are more than can be counted
 */
export function coverageOfRuns(
  masks: readonly Runs[],
  { width, height }: { width: number; height: number },
): Coverage {
  if (masks.length >= MOST_MASKS) throw new SamsrError(`${masks.length} masks are more than ${MOST_MASKS}`);
  const counts = new Uint16Array(width * height);
  for (const mask of masks) addTo(counts, mask, width, height);
  return { width, height, counts };
}

function addTo(counts: Uint16Array, mask: Runs, width: number, height: number): void {
  const factor = mask.width / width;
  if (mask.height !== height * factor || !Number.isInteger(factor)) {
    const set = prepareMasks({ ...mask, masks: [pixelsOf(mask)] }, width, height);
    const one = coverageOf(set);
    for (let p = 0; p < counts.length; p++) counts[p] += one.counts[p];
  } else if (factor === 1) {
    for (let i = 0; i < mask.edges.length; i += 2) {
      for (let p = mask.edges[i]; p < mask.edges[i + 1]; p++) counts[p]++;
    }
  } else addPooled(counts, mask, width, factor);
}

/** Counts for a row of squares at a time how many pixels of each are inside. */
function addPooled(counts: Uint16Array, mask: Runs, width: number, factor: number): void {
  const enough = MASK_THRESHOLD * factor * factor;
  const inside = new Uint32Array(width);
  let row = 0;
  function finish(): void {
    for (let x = 0; x < width; x++) if (inside[x] > enough) counts[row * width + x]++;
    inside.fill(0);
  }
  forEachStretch(mask, (y, start, end) => {
    const at = Math.floor(y / factor);
    if (at !== row) finish();
    row = at;
    for (let x = start; x < end; ) {
      const square = Math.floor(x / factor);
      const stop = Math.min(end, (square + 1) * factor);
      inside[square] += stop - x;
      x = stop;
    }
  });
  finish();
}
