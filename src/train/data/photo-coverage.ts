/**
 * The masks of a crop as the masks of its photo. Upscaling finds masks in a whole photo; on a crop of 32 x 32
 * the same generator finds others, and often none, so a student taught with those meets another W when it is
 * used. Here the whole photo is made small once, masks are counted there, and each crop takes its part.
 */
import { SCALE } from "../../base/scale.js";
import { type Raster, type Region, toTensor } from "../../image/raster.js";
import {
  type Coverage,
  type CoveragePart,
  type CoverageSource,
  type PlanarPicture,
  planarPicture,
  wholeFacts,
} from "../../semantics/index.js";
import { reductionKernel } from "./kernel.js";
import { orient } from "./orient.js";
import { blurAndReduce } from "./reduce.js";

/**
 * Deviation of the blur before the reduction, in large pixels: the middle of what the mild degradation draws.
 */
const BLUR = 0.8;

/** Returns a photo made small, at a quarter of its sides rounded down, as masks are sought in it. */
export function reducedPhoto(photo: Raster): PlanarPicture {
  const [width, height] = [photo.width, photo.height].map((side) => side - (side % SCALE));
  const small = blurAndReduce(photo, { x: 0, y: 0, width, height }, reductionKernel(BLUR));
  return planarPicture(small, width / SCALE, height / SCALE);
}

/** Returns a picture that is small already, as masks are sought in it. */
export function smallPicture(picture: Raster): PlanarPicture {
  return planarPicture(toTensor(picture), picture.width, picture.height);
}

/**
 * Gives the coverage of a whole small picture by its number.
 * @param small makes the picture, where its coverage is not known yet
 */
export type WholeCoverage = (index: number, small: () => PlanarPicture) => Promise<Coverage>;

/** Returns the coverage that a source finds in each picture, once. */
export function rememberedCoverage(source: CoverageSource): WholeCoverage {
  const known = new Map<number, Promise<Coverage>>();
  return (index, small) => {
    const coverage = known.get(index) ?? source.find(small()).then((found) => found.coverage);
    known.set(index, coverage);
    return coverage;
  };
}

/**
 * Returns the part of a photo's coverage that a crop has.
 * @param region of the photo, square, in large pixels at any place; beyond the photo the nearest count is
 *   repeated
 * @param orientation how the crop is turned; see `orient`
 */
export function cutCoverage(whole: Coverage, region: Region, orientation: number): CoveragePart {
  const side = region.width / SCALE;
  const counts = new Float32Array(side * side);
  // The middle of a small pixel lies two large ones from its edge.
  const at = (start: number, i: number, size: number) =>
    Math.min(size - 1, Math.max(0, Math.floor((start + SCALE * i + SCALE / 2) / SCALE)));
  for (let y = 0; y < side; y++) {
    const row = at(region.y, y, whole.height) * whole.width;
    for (let x = 0; x < side; x++) counts[y * side + x] = whole.counts[row + at(region.x, x, whole.width)];
  }
  return { counts: orient(counts, side, orientation), ...wholeFacts(whole) };
}
