/** Where Segment Anything is asked: crops of the image, and a grid of points in each. */
import type { Box } from "../runs.js";
import type { ResolvedSamOptions } from "./options.js";

/** A point of an image: its x and y, in pixels. */
export type Point = readonly [x: number, y: number];

/** Returns the points of a grid in the unit square, row after row: the centres of n x n equal squares. */
export function pointGrid(n: number): Point[] {
  const first = 1 / (2 * n);
  const last = 1 - first;
  const step = n > 1 ? (last - first) / (n - 1) : 0;
  const along = Array.from({ length: n }, (_, i) => (n > 1 && i === n - 1 ? last : i * step + first));
  return along.flatMap((y) => along.map((x): Point => [x, y]));
}

export interface Crop {
  /** The crop's place in pixels of the image; the far corner lies just outside. */
  readonly box: Box;
  /** The layer; 0 is the whole image. */
  readonly layer: number;
  /** Points along a side of its grid. */
  readonly pointsPerSide: number;
}

/** Returns the whole image, then layer by layer 2^n x 2^n crops that overlap, column after column. */
export function cropsOf(
  { width, height }: { width: number; height: number },
  options: Pick<
    ResolvedSamOptions,
    "pointsPerSide" | "cropNLayers" | "cropOverlapRatio" | "cropNPointsDownscaleFactor"
  >,
): Crop[] {
  const { pointsPerSide, cropNLayers, cropOverlapRatio, cropNPointsDownscaleFactor } = options;
  const crops: Crop[] = [{ box: [0, 0, width, height], layer: 0, pointsPerSide }];
  for (let layer = 1; layer <= cropNLayers; layer++) {
    const perSide = 2 ** layer;
    const overlap = Math.trunc(cropOverlapRatio * Math.min(width, height) * (2 / perSide));
    const length = (size: number) => Math.ceil((overlap * (perSide - 1) + size) / perSide);
    const [w, h] = [length(width), length(height)];
    const points = Math.trunc(pointsPerSide / cropNPointsDownscaleFactor ** layer);
    for (let i = 0; i < perSide; i++) {
      for (let j = 0; j < perSide; j++) {
        const [x, y] = [i * (w - overlap), j * (h - overlap)];
        const box: Box = [x, y, Math.min(x + w, width), Math.min(y + h, height)];
        crops.push({ box, layer, pointsPerSide: points });
      }
    }
  }
  return crops;
}
