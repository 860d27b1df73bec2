/** What is measured on: degraded photos, with what they were, and small photos without. */
import { createHash } from "node:crypto";
import { basename, resolve } from "node:path";
import { SamsrError } from "../src/base/errors.js";
import type { Raster } from "../src/image/index.js";
import { decodeRgb, listImages, spread } from "../src/train/data/photos.js";
import { validationPairs } from "../src/train/data/validation.js";

export interface Picture {
  /** The set's name, fit for a file. */
  readonly name: string;
  readonly lq: Raster;
  readonly hr?: Raster;
}

/** Pictures that models are measured on. */
export interface DataSet {
  /** As a file's name. */
  readonly name: string;
  readonly limit?: number;
  readonly count: number;
  /** A hash of all the pictures' names; another one means that other pictures are meant. */
  readonly fingerprint: string;
  /** Whether there are originals to compare with. */
  readonly paired: boolean;
  pictures(): AsyncIterable<Picture>;
}

/**
 * Makes table 2's data set: photos, degraded as `samsr score` does. All pairs are made once and stay in
 * memory.
 */
export async function validationSet(folders: readonly string[], limit?: number): Promise<DataSet> {
  const images = await imagesIn(folders, limit);
  let pairs: ReturnType<typeof validationPairs> | undefined;
  return {
    ...{ name: "val", limit, count: images.length, paired: true },
    fingerprint: fingerprintOf(images),
    async *pictures() {
      pairs ??= validationPairs(folders, { limit });
      yield* await pairs;
    },
  };
}

/** Makes one of table 1's data sets: a folder of small photos, called by its name. */
export async function realSet(folder: string, limit?: number): Promise<DataSet> {
  const images = await imagesIn([folder], limit);
  return {
    ...{ name: basename(resolve(folder)), limit, count: images.length, paired: false },
    fingerprint: fingerprintOf(images),
    async *pictures() {
      for (const { name, path } of images) yield { name, lq: await decodeRgb(path) };
    },
  };
}

async function imagesIn(folders: readonly string[], limit = Number.POSITIVE_INFINITY) {
  const found = spread((await Promise.all(folders.map(listImages))).flat(), limit);
  if (found.length === 0) {
    throw new SamsrError(`${folders.join(", ")}: expected pictures in or below this folder`);
  }
  return found;
}

function fingerprintOf(images: readonly { readonly name: string }[]): string {
  const hash = createHash("sha256");
  for (const { name } of images) hash.update(`${name}\n`);
  return hash.digest("hex");
}
