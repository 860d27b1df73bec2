/**
 * Pairs that were made before, by `samsr degrade` or anybody: `hr/` and `lr/` with pictures of equal names.
 */

import { stat } from "node:fs/promises";
import { extname, join } from "node:path";
import sharp from "sharp";
import { SamsrError } from "../../base/errors.js";
import { SCALE } from "../../base/scale.js";
import type { Raster } from "../../image/raster.js";
import { chooseCrop } from "./crop.js";
import { cutOriented } from "./cut.js";
import { cutCoverage, smallPicture, type WholeCoverage } from "./photo-coverage.js";
import { cachedPhotos, type Decode } from "./photo-store.js";
import { decodeRgb, demandPhoto, listImages } from "./photos.js";
import type { SampleSource } from "./samples.js";

/** Tells whether a folder holds saved pairs: it has folders `hr` and `lr`. */
export async function holdsPairs(folder: string): Promise<boolean> {
  const facts = ["hr", "lr"].map((name) => stat(join(folder, name)).catch(() => undefined));
  return (await Promise.all(facts)).every((found) => found?.isDirectory());
}

/**
 * Crops of saved pairs at matching places. Names are compared without their endings, subfolders included. The
 * sizes of all pairs are read from the files' headers first. A pair is decoded as photos are: when it is
 * asked for, and kept while there is room.
 *
 * @param coverageOf gives the coverage of a small picture, of which each crop brings its part; left out, none
 *   does
 * @param taughtFiles what the second teacher makes of each small picture, of the large one's size; left out,
 *   there is none
 * @throws SamsrError that names the first picture without a partner, or the first pair whose sizes are not 4
 * to 1, or that is smaller than the crop
 */
export async function openSavedPairs(
  folders: readonly string[],
  crop: number,
  maxBytes?: number,
  decode: Decode = decodeRgb,
  coverageOf?: WholeCoverage,
  taughtFiles?: readonly string[],
): Promise<SampleSource> {
  const pairs: Pair[] = [];
  for (const folder of folders) pairs.push(...(await listPairs(folder)));
  await checkSizes(pairs, crop);
  // One store for all pictures of a pair, which lie there side by side.
  const files = pairs.flatMap(({ hr, lr }, i) => (taughtFiles ? [hr, lr, taughtFiles[i]] : [hr, lr]));
  const each = files.length / pairs.length;
  const store = cachedPhotos(files, maxBytes, (file) =>
    decode(file).catch((error: Error) => {
      throw unreadable(file, error);
    }),
  );
  return {
    count: pairs.length,
    async sample(index, side, random, augment) {
      const [hr, lr, taught] = await Promise.all(
        Array.from({ length: each }, (_, i) => store.at(each * index + i)),
      );
      const small = side / SCALE;
      // The place is chosen on the small picture: every place there is one of the large one.
      const { x, y } = chooseCrop(lr, small, random);
      const orientation = augment ? random.integer(8) : 0;
      const regionIn = (scale: number) => ({
        ...{ x: x * scale, y: y * scale, width: small * scale, height: small * scale },
      });
      const cut = (picture: Raster, scale: number) => cutOriented(picture, regionIn(scale), orientation);
      const coverage =
        coverageOf &&
        cutCoverage(await coverageOf(index, () => smallPicture(lr)), regionIn(SCALE), orientation);
      return { hr: cut(hr, SCALE), lq: cut(lr, 1), taught: taught && cut(taught, SCALE), coverage };
    },
  };
}

function unreadable(file: string, error: Error): SamsrError {
  return new SamsrError(`${file}: cannot be read as a picture (${error.message})`);
}

interface Pair {
  readonly hr: string;
  readonly lr: string;
  /** The small picture's name below its folder. */
  readonly name: string;
}

/**
 * Lists the pairs of a folder, in the order of their large pictures.
 * @throws SamsrError that names the first picture without a partner, or two of one name
 */
export async function listPairs(folder: string): Promise<Pair[]> {
  const byName = async (part: string) => {
    const files = new Map<string, string>();
    for (const { path, name } of await listImages(join(folder, part))) {
      const stem = name.replace(/\.[^./]*$/, "");
      const other = files.get(stem);
      if (other !== undefined)
        throw new SamsrError(`${path} and ${other} have the same name: which one is meant?`);
      files.set(stem, path);
    }
    return files;
  };
  const [large, small] = [await byName("hr"), await byName("lr")];
  const lonely = (path: string, part: string) =>
    new SamsrError(`${path} has no partner of the same name in ${join(folder, part)}`);
  for (const [stem, path] of small) if (!large.has(stem)) throw lonely(path, "hr");
  if (large.size === 0)
    throw new SamsrError(`${folder}: expected pairs of pictures in hr and lr, found none`);
  return [...large].map(([stem, hr]) => {
    const lr = small.get(stem);
    if (lr === undefined) throw lonely(hr, "lr");
    return { hr, lr, name: stem + extname(lr) };
  });
}

/** How many headers are read at a time. */
const AT_A_TIME = 32;

async function checkSizes(pairs: readonly Pair[], crop: number): Promise<void> {
  for (let i = 0; i < pairs.length; i += AT_A_TIME) {
    const some = pairs.slice(i, i + AT_A_TIME);
    const faults = await Promise.all(some.map((pair) => faultOf(pair, crop)));
    const first = faults.find((fault) => fault !== undefined);
    if (first !== undefined) throw new SamsrError(first);
  }
}

async function faultOf({ hr, lr }: Pair, crop: number): Promise<string | undefined> {
  const sizes = await Promise.all([hr, lr].map(uprightSize));
  for (const size of sizes) if (typeof size === "string") return size;
  const [large, small] = sizes as Size[];
  if (large.width !== SCALE * small.width || large.height !== SCALE * small.height) {
    return (
      `${hr} has ${large.width} x ${large.height} pixels and ${lr} has ${small.width} x ${small.height}: ` +
      `expected ${SCALE} to 1, ${SCALE * small.width} x ${SCALE * small.height}`
    );
  }
  if (Math.min(large.width, large.height) < crop) {
    return `${hr} has ${large.width} x ${large.height} pixels: too small for crops of ${crop} x ${crop}`;
  }
  return undefined;
}

interface Size {
  readonly width: number;
  readonly height: number;
}

async function uprightSize(file: string): Promise<Size | string> {
  try {
    await demandPhoto(file);
    return (await sharp(file).metadata()).autoOrient;
  } catch (error) {
    return unreadable(file, error as Error).message;
  }
}
