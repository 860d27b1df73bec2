import type { Random } from "../../base/random.js";
import { type Raster, toTensor } from "../../image/raster.js";
import type { CoveragePart } from "../../semantics/index.js";
import { chooseCrop, place } from "./crop.js";
import type { CropWay } from "./crop-ways.js";
import { cutOriented } from "./cut.js";
import type { Degradation } from "./degrade.js";
import { orient } from "./orient.js";
import { cutCoverage, reducedPhoto, type WholeCoverage } from "./photo-coverage.js";
import { rescaledSquare } from "./rescale.js";

/** One square crop, large and small; both in [-1, 1]. */
interface Sample {
  /** The large crop, [3, crop, crop]. */
  readonly hr: Float32Array;
  /** The small crop, [3, crop / 4, crop / 4]. */
  readonly lq: Float32Array;
  /**
   * The taught crop [3, crop, crop], what the second teacher makes of the small picture, where the run has
   * one.
   */
  readonly taught?: Float32Array;
  /** The crop's part of the photo's coverage, where the source gives it. */
  readonly coverage?: CoveragePart;
}

/** What samples are made of: photos that are degraded as they are needed, or pairs that were saved. */
export interface SampleSource {
  /** Photos or pairs, at least 1. */
  readonly count: number;
  /**
   * Cuts a sample from photo or pair `index`; all that is random comes from `random`.
   * @param crop side of the HR crop, divisible by 4
   * @param augment flips, and quarter turns where the source has them, all equally likely
   */
  sample(index: number, crop: number, random: Random, augment: boolean): Promise<Sample>;
}

/** Decoded 8-bit RGB photos by number, decoded when they are asked for. */
export interface PhotoStore {
  readonly count: number;
  at(index: number): Promise<Raster>;
}

/** Photos that are decoded already. */
export function inMemory(photos: readonly Raster[]): PhotoStore {
  return { count: photos.length, at: async (index) => photos[index] };
}

/** How crops of photos are made. */
interface CropOptions {
  /** How crops are made of photos; default "cut". */
  readonly crops?: CropWay;
  /**
   * Gives the coverage of a photo made small, of which each crop brings its part; left out, none does. With
   * `rescaled` crops it has no meaning: they are no part of the photo as upscaling sees it.
   */
  readonly coverageOf?: WholeCoverage;
}

/** Crops of photos, degraded as they are cut. */
export function degradedCrops(
  photos: PhotoStore,
  degradation: Degradation<unknown>,
  { crops = "cut", coverageOf }: CropOptions = {},
): SampleSource {
  return {
    count: photos.count,
    async sample(index, crop, random, augment) {
      const whole = await photos.at(index);
      const rescaled = crops === "rescaled";
      const photo = rescaled ? largestSquare(whole, crop, random) : whole;
      const region = rescaled ? { x: 0, y: 0, width: crop, height: crop } : chooseCrop(photo, crop, random);
      const orientation = augment ? random.integer(rescaled ? 2 : 8) : 0;
      const parameters = degradation.sample(random);
      const lr = degradation.apply(photo, region, parameters, random, (planar, side) =>
        orient(planar, side, orientation),
      );
      const hr = cutOriented(photo, region, orientation);
      const coverage =
        coverageOf && cutCoverage(await coverageOf(index, () => reducedPhoto(photo)), region, orientation);
      return { hr, lq: toTensor(await lr), coverage };
    },
  };
}

/**
 * Returns a square of a photo's shorter side at a random place, as large as a crop; a smaller photo is
 * reflected.
 */
function largestSquare(photo: Raster, crop: number, random: Random): Raster {
  const side = Math.max(crop, Math.min(photo.width, photo.height));
  const x = place(photo.width - side, random);
  const y = place(photo.height - side, random);
  return rescaledSquare(photo, { x, y, width: side, height: side }, crop);
}
