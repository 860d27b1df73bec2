/**
 * A mask as its edges: the places, counted along the rows, where outside turns into inside and back. A mask
 * of an object takes some bytes a row, hundreds of times less than its pixels.
 */
import type { LabelMap } from "./masks.js";

/** A box: x0, y0, x1, y1 of the first and the last column and row that are inside. */
export type Box = readonly [x0: number, y0: number, x1: number, y1: number];

export interface Runs {
  readonly width: number;
  readonly height: number;
  /** Rising; inside is from an even one up to the odd one behind it. */
  readonly edges: Uint32Array;
}

/** Returns the runs of a mask [height, width], inside where it is not 0. */
export function runsOf(mask: ArrayLike<number>, width: number, height: number): Runs {
  const edges: number[] = [];
  let inside = false;
  for (let p = 0; p < width * height; p++) {
    if ((mask[p] !== 0) === inside) continue;
    edges.push(p);
    inside = !inside;
  }
  if (inside) edges.push(width * height);
  return { width, height, edges: Uint32Array.from(edges) };
}

/** Returns the runs of every label over 0 of a map, in the order in which labels first occur. */
export function runsOfLabels({ width, height, labels }: LabelMap): Map<number, Runs> {
  const edges = new Map<number, number[]>();
  let last = 0;
  const mark = (label: number, at: number) => {
    if (label <= 0) return;
    const known = edges.get(label);
    if (known) known.push(at);
    else edges.set(label, [at]);
  };
  for (let p = 0; p <= labels.length; p++) {
    const label = p < labels.length ? labels[p] : 0;
    if (label === last) continue;
    mark(last, p);
    mark(label, p);
    last = label;
  }
  return new Map([...edges].map(([label, at]) => [label, { width, height, edges: Uint32Array.from(at) }]));
}

/** Returns the pixels of a mask, [height, width]: 1 inside, or another number up to 255, and 0 outside. */
export function pixelsOf({ width, height, edges }: Runs, inside = 1): Uint8Array {
  const mask = new Uint8Array(width * height);
  for (let i = 0; i < edges.length; i += 2) mask.fill(inside, edges[i], edges[i + 1]);
  return mask;
}

/** Returns the number of pixels inside a mask. */
export function areaOf({ edges }: Runs): number {
  let area = 0;
  for (let i = 0; i < edges.length; i += 2) area += edges[i + 1] - edges[i];
  return area;
}

/** Tells whether the pixel in column x of row y is inside a mask. */
export function isInside({ width, edges }: Runs, x: number, y: number): boolean {
  const place = y * width + x;
  let [low, high] = [0, edges.length];
  while (low < high) {
    const middle = (low + high) >> 1;
    if (edges[middle] <= place) low = middle + 1;
    else high = middle;
  }
  return low % 2 === 1;
}

/** Calls `visit` for every stretch of a row that is inside, in order; `end` is outside. */
export function forEachStretch(
  { width, edges }: Runs,
  visit: (y: number, start: number, end: number) => void,
): void {
  for (let i = 0; i < edges.length; i += 2) {
    const end = edges[i + 1];
    for (let at = edges[i]; at < end; ) {
      const y = Math.floor(at / width);
      const stop = Math.min(end, (y + 1) * width);
      visit(y, at - y * width, stop - y * width);
      at = stop;
    }
  }
}

/** Returns the box around what is inside a mask; all 0 for a mask of nothing. */
export function boxOf(runs: Runs): Box {
  let [x0, y0, x1, y1] = [runs.width, runs.height, -1, -1];
  forEachStretch(runs, (y, start, end) => {
    x0 = Math.min(x0, start);
    x1 = Math.max(x1, end - 1);
    y0 = Math.min(y0, y);
    y1 = y;
  });
  return x1 < 0 ? [0, 0, 0, 0] : [x0, y0, x1, y1];
}
