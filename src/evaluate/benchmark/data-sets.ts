/** What is measured on: photos with originals or without, by the name of their folder. */
import { createHash } from "node:crypto";
import { stat } from "node:fs/promises";
import { basename, join, resolve } from "node:path";
import { SamsrError } from "../../base/errors.js";
import type { Raster } from "../../image/raster.js";
import { chooseAtRandom, IMAGENET_TEST_COUNT, imagenetTestPair } from "../../train/data/degraded-pair.js";
import { decodeRgb, listImages, spread } from "../../train/data/photos.js";
import { holdsPairs } from "../../train/data/saved-pairs.js";
import { validationPairs } from "../../train/data/validation.js";
import { picturesByStem, stemOf } from "../names.js";

/** A small picture that is enlarged, and what it should become where that is known. */
export interface DataSetPicture {
  /** The picture's name in the set, fit for a file. */
  readonly name: string;
  /** What changes when the picture does. */
  readonly fingerprint: string;
  /** Decodes it. */
  open(): Promise<{ readonly lq: Raster; readonly hr?: Raster }>;
}

/** Pictures that methods are measured on. */
export interface DataSet {
  /** The set's name, fit for a file. */
  readonly name: string;
  readonly limit?: number;
  /** Whether there are originals to compare with. */
  readonly paired: boolean;
  /** What its pictures are, for people, after their number. */
  readonly about: string;
  readonly pictures: readonly DataSetPicture[];
}

/**
 * Returns a folder as a set, called by its name: pairs, where it has `hr` and `lr` as `samsr degrade` writes
 * them, else small photos without originals.
 * @throws SamsrError when it cannot be read or holds no picture, or a small one has no original
 */
export async function folderSet(folder: string, limit?: number): Promise<DataSet> {
  const paired = await holdsPairs(folder);
  const images = await imagesIn([paired ? join(folder, "lr") : folder], limit);
  const originals = paired ? await picturesByStem(join(folder, "hr")) : undefined;
  const pictures = images.map(async ({ name, path }): Promise<DataSetPicture> => {
    const original = originals?.get(stemOf(name));
    if (originals && original === undefined) {
      throw new SamsrError(`${path} has no original of its name in ${join(folder, "hr")}`);
    }
    const files = original === undefined ? [path] : [path, original];
    return {
      name: stemOf(name),
      fingerprint: digestOf(await Promise.all(files.map(changeOf))),
      async open() {
        const lq = await decodeRgb(path);
        return original === undefined ? { lq } : { lq, hr: await decodeRgb(original) };
      },
    };
  });
  const about = paired ? "pairs" : "small photos";
  const set = { name: basename(resolve(folder)), limit, paired, about };
  return { ...set, pictures: await Promise.all(pictures) };
}

/** How photos become pairs: mildly degraded as `samsr score` does, or as ImageNet-Test was made. */
export const PROTOCOLS = ["mild", "imagenet-test"] as const;
export type Protocol = (typeof PROTOCOLS)[number];

/**
 * Returns photos as a set of pairs, made by a protocol.
 * @param limit the most pairs, spread evenly over the photos, or chosen at random for `imagenet-test`
 * @throws SamsrError when a folder cannot be read or holds no picture
 */
export function validationSet(
  folders: readonly string[],
  protocol: Protocol,
  limit?: number,
): Promise<DataSet> {
  return protocol === "mild" ? mildSet(folders, limit) : imagenetTestSet(folders, limit);
}

/** The seed that `samsr degrade` has where none is said. */
const SEED = 0;

async function imagenetTestSet(folders: readonly string[], limit?: number): Promise<DataSet> {
  const images = chooseAtRandom(
    await imagesIn(folders),
    ({ name }) => name,
    limit ?? IMAGENET_TEST_COUNT,
    SEED,
  );
  const pictures = images.map(({ name, path }): DataSetPicture => {
    return {
      name,
      fingerprint: digestOf(["imagenet-test", path]),
      async open() {
        const { lr, hr } = await imagenetTestPair(await decodeRgb(path), name, SEED);
        return { lq: lr, hr };
      },
    };
  });
  const about = "photos, cut and degraded as ImageNet-Test is";
  return { name: "imagenet-test", limit, paired: true, about, pictures };
}

/** Returns photos degraded as `samsr score` does; all pairs are made when the first is opened. */
async function mildSet(folders: readonly string[], limit?: number): Promise<DataSet> {
  const images = await imagesIn(folders, limit);
  let pairs: ReturnType<typeof validationPairs> | undefined;
  const pictures = images.map(({ name, path }): DataSetPicture => {
    return {
      name,
      fingerprint: digestOf([path]),
      async open() {
        pairs ??= validationPairs(folders, { limit });
        const pair = (await pairs).find((one) => one.name === name);
        if (!pair) throw new SamsrError(`${path}: cannot be made small; it is too small or no photo`);
        return pair;
      },
    };
  });
  return { name: "val", limit, paired: true, about: "photos, degraded as samsr score does", pictures };
}

async function imagesIn(folders: readonly string[], limit = Number.POSITIVE_INFINITY) {
  const found = spread((await Promise.all(folders.map(listImages))).flat(), limit);
  if (found.length === 0) {
    throw new SamsrError(`${folders.join(", ")}: expected pictures in or below this folder`);
  }
  return found;
}

/** Returns a file's size and time of change. */
async function changeOf(path: string): Promise<string> {
  const { size, mtimeMs } = await stat(path);
  return `${size} ${mtimeMs}`;
}

/** Texts as digits that change when one of them does. */
export function digestOf(texts: readonly string[]): string {
  return createHash("sha256").update(JSON.stringify(texts)).digest("hex");
}
