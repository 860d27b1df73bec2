/**
 * The masks of a crop as the masks of its photo. Upscaling finds masks in a whole photo; on a crop of 32 x 32 the same
 * generator finds others, and often none, so a student taught with those meets another W when it is used. Here the whole
 * photo is made small once, masks are counted there, and each crop takes its part.
 */
import { SCALE } from "../../base/scale.js";
import { type Raster, type Region, toTensor } from "../../image/raster.js";
import { type Coverage, segmentRegions } from "../../semantics/index.js";
import { reductionKernel } from "./kernel.js";
import { orient } from "./orient.js";
import { blurAndReduce } from "./reduce.js";

/** A crop's part of a photo's coverage, and what of the rest noise and W look at. */
export interface CropCoverage {
  /** [S, S] */
  readonly counts: Float32Array;
  /** The largest count in the photo. */
  readonly most: number;
  /** Means over the photo of c and of 1 / max(c, 1): what the noise is standardised by. */
  readonly mean: number;
  readonly meanInverse: number;
}

/** Deviation of the blur before the reduction, in large pixels: the middle of what the mild degradation draws. */
const BLUR = 0.8;

/** The coverage by `regions` of a photo made small, at a quarter of its sides rounded down. */
export function photoCoverage(photo: Raster): Coverage {
  const [width, height] = [photo.width, photo.height].map((side) => side - (side % SCALE));
  const small = blurAndReduce(photo, { x: 0, y: 0, width, height }, reductionKernel(BLUR));
  return coverageIn(small, width / SCALE, height / SCALE);
}

/** The same of a picture that is small already. */
export function smallCoverage(picture: Raster): Coverage {
  return coverageIn(toTensor(picture), picture.width, picture.height);
}

/** @param planar [3, height, width] in [-1, 1] */
function coverageIn(planar: Float32Array, width: number, height: number): Coverage {
  const data = planar.map((v) => Math.min(1, Math.max(0, (v + 1) / 2)));
  return segmentRegions({ width, height, data }).coverage;
}

/** @returns gives a picture's coverage by its number; each is made once */
export function rememberedCoverage(
  make: (picture: Raster) => Coverage,
): (picture: Raster, index: number) => Coverage {
  const known = new Map<number, Coverage>();
  return (picture, index) => {
    const coverage = known.get(index) ?? make(picture);
    known.set(index, coverage);
    return coverage;
  };
}

/**
 * @param region of the photo, square, in large pixels at any place; beyond the photo the nearest count is repeated
 * @param orientation how the crop is turned; see `orient`
 */
export function cropCoverage(whole: Coverage, region: Region, orientation: number): CropCoverage {
  const side = region.width / SCALE;
  const counts = new Float32Array(side * side);
  // The middle of a small pixel lies two large ones from its edge.
  const at = (start: number, i: number, size: number) =>
    Math.min(size - 1, Math.max(0, Math.floor((start + SCALE * i + SCALE / 2) / SCALE)));
  for (let y = 0; y < side; y++) {
    const row = at(region.y, y, whole.height) * whole.width;
    for (let x = 0; x < side; x++) counts[y * side + x] = whole.counts[row + at(region.x, x, whole.width)];
  }
  let [most, sum, inverses] = [0, 0, 0];
  for (const count of whole.counts) {
    most = Math.max(most, count);
    sum += count;
    inverses += 1 / Math.max(count, 1);
  }
  const pixels = whole.counts.length;
  return {
    counts: orient(counts, side, orientation),
    ...{ most, mean: sum / pixels, meanInverse: inverses / pixels },
  };
}
