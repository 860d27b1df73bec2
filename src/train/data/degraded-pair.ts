/** Pairs to keep: a photo, or a square of it, and what a degradation makes of it. */

import { SamsrError } from "../../base/errors.js";
import { createRandom } from "../../base/random.js";
import { SCALE } from "../../base/scale.js";
import { crop as cropRaster, fromTensor, type Raster, type Region, toTensor } from "../../image/raster.js";
import { kernels, resizePlanar } from "../../image/resize.js";
import { chooseCrop } from "./crop.js";
import { type DegradationName, degradationNamed } from "./degradations.js";
import type { Degradation } from "./degrade.js";
import { hashName } from "./hash-name.js";
import { realEsrganDegradation } from "./real-esrgan/degrade.js";
import { IMAGENET_TEST } from "./real-esrgan/settings.js";

export interface DegradedPair {
  /** The large picture, 8-bit RGB as the small one. */
  readonly hr: Raster;
  /** A quarter of hr's sides. */
  readonly lr: Raster;
  /** The size of the photo before it was cut, where a protocol asks for another size than its own. */
  readonly resized?: { readonly width: number; readonly height: number };
  /** What of the photo hr is. */
  readonly region: Region;
  /** What the degradation drew. */
  readonly parameters: unknown;
}

export interface PairOptions {
  readonly degradation: DegradationName;
  /**
   * Side of a random square; left out, the whole photo but for 0 to 3 pixels at its right and lower edges.
   */
  readonly crop?: number;
  /** The seed of the degradation, 0 .. 2^32 - 1. */
  readonly seed: number;
}

/** Added to the seed: a key of its own. */
const PAIR_KEY = 0x9a12 * 2 ** 32;

/**
 * Returns a pair of a photo. lr is made of hr and nothing around it. Both are determined by the photo, its
 * name, `variant` (0, 1, ... for several of one photo) and the options, so a pair does not depend on which
 * others are made.
 *
 * @throws SamsrError that names the photo when it is smaller than the crop, or than 4 pixels
 */
export async function degradedPair(
  photo: Raster,
  name: string,
  variant: number,
  { degradation, crop, seed }: PairOptions,
): Promise<DegradedPair> {
  if (crop !== undefined && crop % SCALE !== 0) {
    throw new SamsrError(`crop is ${crop}: expected a multiple of ${SCALE}`);
  }
  const { width, height } = photo;
  if (Math.min(width, height) < (crop ?? SCALE)) {
    throw new SamsrError(
      `${name} has ${width} x ${height} pixels, too small for ${crop ?? SCALE} x ${crop ?? SCALE}`,
    );
  }
  const random = createRandom(seed + PAIR_KEY, hashName(`${name}#${variant}`));
  const whole = { x: 0, y: 0, width: width - (width % SCALE), height: height - (height % SCALE) };
  const region = crop === undefined ? whole : chooseCrop(photo, crop, random);
  return { region, ...(await degrade(cropRaster(photo, region), degradationNamed(degradation), random)) };
}

async function degrade(
  hr: Raster,
  degradation: Degradation<unknown>,
  random: ReturnType<typeof createRandom>,
) {
  const parameters = degradation.sample(random);
  const whole = { x: 0, y: 0, width: hr.width, height: hr.height };
  return { hr, lr: await degradation.apply(hr, whole, parameters, random), parameters };
}

/** The side of ImageNet-Test's originals, and how many there are. */
const IMAGENET_TEST_SIDE = 256;
export const IMAGENET_TEST_COUNT = 3000;

/**
 * Returns a pair as ImageNet-Test has it (Yue, Wang, Loy, "ResShift", NeurIPS 2023, and the scripts of its
 * repository): the photo is resized so that its shorter side has 256 pixels (bilinear, without antialiasing,
 * as OpenCV's), its centre cut out, and degraded by {@link IMAGENET_TEST}. Here JPEG is a real encoder's and
 * hr is rounded to 8 bits first; the numbers that are drawn are this project's own, so the pairs are alike
 * and not the same.
 */
export async function imagenetTestPair(photo: Raster, name: string, seed: number): Promise<DegradedPair> {
  const side = IMAGENET_TEST_SIDE;
  const factor = side / Math.min(photo.width, photo.height);
  const resized = { width: Math.round(photo.width * factor), height: Math.round(photo.height * factor) };
  const from = { channels: 3, width: photo.width, height: photo.height };
  const options = { kernel: kernels.bilinear, antialias: false };
  const large = fromTensor(resizePlanar(toTensor(photo), from, resized, options), {
    ...resized,
    channels: 3,
  });
  const region = {
    x: (resized.width - side) >> 1,
    y: (resized.height - side) >> 1,
    width: side,
    height: side,
  };
  const random = createRandom(seed + PAIR_KEY, hashName(name));
  const degradation = realEsrganDegradation(IMAGENET_TEST);
  return { resized, region, ...(await degrade(cropRaster(large, region), degradation, random)) };
}

/**
 * Returns at most `count` names, chosen at random by the seed, in the order given. Each name has a number of
 * its own and the smallest win, so a name that joins pushes out one other at most.
 */
export function chooseAtRandom<T>(
  items: readonly T[],
  nameOf: (item: T) => string,
  count: number,
  seed: number,
): T[] {
  if (items.length <= count) return [...items];
  const numbers = new Map(
    items.map((item) => [item, createRandom(seed + CHOICE_KEY, hashName(nameOf(item))).next()]),
  );
  const chosen = new Set([...items].sort((a, b) => numbers.get(a)! - numbers.get(b)!).slice(0, count));
  return items.filter((item) => chosen.has(item));
}

const CHOICE_KEY = 0xc401 * 2 ** 32;
