import { SamsrError } from "../../base/errors.js";
import { createRandom } from "../../base/random.js";
import { SCALE } from "../../base/scale.js";
import { crop as cropRaster, type Raster, type Region } from "../../image/raster.js";
import { type Degradation, type MildParameters, mildDegradation, mildValidation } from "./degrade.js";
import { hashName } from "./hash-name.js";
import { loadPhotos, type Photo } from "./photos.js";

/** A photo and its degraded small version, always the same; both 8-bit RGB. */
export interface ValidationPair {
  readonly name: string;
  readonly hr: Raster;
  /** A quarter of hr's sides. */
  readonly lq: Raster;
}

interface ValidationOptions {
  /** Side of a square centre crop (HR). Default: as much of the photo as `multiple` allows. */
  readonly crop?: number;
  /** What both HR sides divide by; default: 32, which makes the LR sides divide by 8. */
  readonly multiple?: number;
  /** The most pairs, spread evenly over the photos. */
  readonly limit?: number;
  /** How photos are degraded; default: `mildValidation`. */
  readonly degradation?: Degradation<MildParameters>;
}

/**
 * Makes fixed pairs for measuring: the centre of every photo below the folders, and its degraded version. The
 * noise is seeded by the photo's file name, so a pair does not depend on which others are made.
 *
 * @throws SamsrError when there are no photos or none is large enough
 */
export async function validationPairs(
  folders: string | readonly string[],
  {
    crop = Number.POSITIVE_INFINITY,
    multiple = 32,
    limit,
    degradation = mildDegradation(mildValidation),
  }: ValidationOptions = {},
): Promise<ValidationPair[]> {
  if (multiple % SCALE !== 0)
    throw new SamsrError(`multiple is ${multiple}: expected a multiple of ${SCALE}`);
  const { photos } = await loadPhotos(folders, { limit });
  const pairs: ValidationPair[] = [];
  for (const photo of photos) {
    const region = centre(photo, crop, multiple);
    if (region) pairs.push(await makePair(photo, region, degradation));
  }
  if (pairs.length === 0) {
    throw new SamsrError(`no photo is at least ${multiple} pixels wide and high: choose larger ones`);
  }
  return pairs;
}

async function makePair(
  photo: Photo,
  region: Region,
  degradation: Degradation<MildParameters>,
): Promise<ValidationPair> {
  const random = createRandom(hashName(photo.name.slice(photo.name.lastIndexOf("/") + 1)));
  const lq = await degradation.apply(photo, region, degradation.sample(random), random);
  return { name: photo.name, hr: cropRaster(photo, region), lq };
}

function centre(photo: Raster, crop: number, multiple: number): Region | undefined {
  const fitted = (side: number) => Math.floor(Math.min(side, crop) / multiple) * multiple;
  const [width, height] = [fitted(photo.width), fitted(photo.height)];
  if (width === 0 || height === 0) return undefined;
  return { x: (photo.width - width) >> 1, y: (photo.height - height) >> 1, width, height };
}
