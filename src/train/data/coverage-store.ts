/**
 * Coverage of whole photos and of crops, found once and kept in files. A mask generator takes seconds for a
 * photo, far longer than a step, so all photos are done before the first step, one after the other; a run
 * that was interrupted goes on after the last, another run with the same photos, source and settings finds
 * everything, and the threads that make batches only read. Crops are as many as steps ask for, so they are
 * kept as they are found, by the steps or ahead of them. A file's name is a hash of all that decides its
 * coverage: the picture's bytes, and what the source is.
 */
import { createHash } from "node:crypto";
import { mkdir, readFile } from "node:fs/promises";
import { join } from "node:path";
import { deflateRawSync, inflateRawSync } from "node:zlib";
import { SamsrError } from "../../base/errors.js";
import { readSealed, seal } from "../../base/sealed-file.js";
import { writeFileAtomically } from "../../image/index.js";
import type { Coverage, CoverageSource, PlanarPicture } from "../../semantics/index.js";
import type { WholeCoverage } from "./photo-coverage.js";
import { decodeRgb } from "./photos.js";
import type { WholePicture } from "./whole-pictures.js";

/** Changes with what is made of a picture before it is looked at, and with the format of the files. */
const VERSION = 2;

const ENDING = ".coverage";

/** The bytes of a file beside its packed counts: width and height before them, and the seal. */
const BESIDE = 8 + 32;

/** More than a photo of 65,535 x 65,535 pixels, made small, would have. */
const MOST_COUNTS = 2 ** 28;

/** Between two reports, in milliseconds. */
const REPORT_EVERY = 10_000;

/** Where the masks of one picture come from. */
export interface PhotoCoverageSource {
  readonly source: CoverageSource;
  /** All that decides what it finds, but for the picture. */
  readonly identity: unknown;
}

export interface FillOptions {
  readonly pictures: readonly WholePicture[];
  /** The source of a picture by its name. */
  readonly sourceOf: (name: string) => Promise<PhotoCoverageSource>;
  /** Where the files are kept. */
  readonly folder: string;
  readonly report?: (line: string) => void;
  readonly signal?: AbortSignal;
}

/**
 * Finds the coverage of all pictures that have none yet, and keeps it.
 * @returns the file of each picture's coverage; a picture that cannot be decoded has that of the next one
 * that can, which stands in for it in training
 * @throws SamsrError when the folder cannot be written to; what the source throws; the signal's reason
 */
export async function fillCoverage(options: FillOptions): Promise<readonly string[]> {
  const { pictures, sourceOf, folder, report = () => {}, signal } = options;
  await makeFolder(folder);
  const files: (string | undefined)[] = [];
  let [found, kept, reported] = [0, 0, Date.now()];
  const tell = () =>
    report(`masks: ${found + kept} of ${pictures.length} pictures (${kept} of them found before)`);
  for (const { path, name, small } of pictures) {
    signal?.throwIfAborted();
    const { source, identity } = await sourceOf(name);
    const bytes = await readFile(path);
    const file = join(folder, keyOf(bytes, identity) + ENDING);
    if (await readKept(file)) kept++;
    else {
      const raster = await decodeRgb(bytes).catch(() => undefined);
      if (!raster) {
        files.push(undefined);
        continue;
      }
      const { coverage } = await source.find(small(raster), { signal });
      await keep(file, coverage);
      found++;
    }
    files.push(file);
    if (files.length < pictures.length && Date.now() - reported > REPORT_EVERY) {
      tell();
      reported = Date.now();
    }
  }
  tell();
  return files.map((file, i) => file ?? nextOf(files, i)).filter((file) => file !== undefined);
}

/** Gives the coverage of a crop: what is kept of it, or else what is found, which is kept then. */
export type CropCoverage = (crop: Float32Array, find: () => Promise<Coverage>) => Promise<Coverage>;

/**
 * Returns what keeps the coverage of crops.
 * @param folder where the files are kept
 * @param identity all that decides what is found in a crop, but for its numbers
 * @param onUnwritten told of the error when a file cannot be written; the coverage is given all the same
 * @throws SamsrError when the folder cannot be made
 */
export async function keptCrops(
  folder: string,
  identity: unknown,
  onUnwritten: (error: unknown) => void,
): Promise<CropCoverage> {
  await makeFolder(folder);
  return async (crop, find) => {
    const bytes = new Uint8Array(crop.buffer, crop.byteOffset, crop.byteLength);
    const file = join(folder, keyOf(bytes, ["crop", identity]) + ENDING);
    const kept = await readKept(file);
    if (kept) return kept;
    const coverage = await find();
    await keep(file, coverage).catch(onUnwritten);
    return coverage;
  };
}

async function makeFolder(folder: string): Promise<void> {
  await mkdir(folder, { recursive: true, mode: 0o700 }).catch((error: Error) => {
    throw new SamsrError(
      `${folder}: masks cannot be kept there (${error.message}); set SAMSR_CACHE to another`,
    );
  });
}

async function keep(file: string, coverage: Coverage): Promise<void> {
  await writeFileAtomically(file, pack(coverage), { overwrite: true, secret: true });
}

/** Returns the first file from place i on, around the end; none where there is none at all. */
function nextOf(files: readonly (string | undefined)[], i: number): string | undefined {
  return files.slice(i).find(Boolean) ?? files.find(Boolean);
}

/**
 * Gives the coverage that was kept. @param files one for each picture, as {@link fillCoverage} returns them
 */
export function keptCoverage(files: readonly string[]): WholeCoverage {
  return async (index: number, _: () => PlanarPicture) => {
    const coverage = await readKept(files[index]);
    if (coverage) return coverage;
    throw new SamsrError(
      `${files[index]}: the masks kept there are gone or damaged; resume the run to find them`,
    );
  };
}

function keyOf(picture: Uint8Array, identity: unknown): string {
  return createHash("sha256")
    .update(JSON.stringify([VERSION, identity]))
    .update(picture)
    .digest("hex");
}

function pack({ width, height, counts }: Coverage): Buffer {
  const size = Buffer.alloc(8);
  size.writeUInt32LE(width, 0);
  size.writeUInt32LE(height, 4);
  const bytes = Buffer.alloc(2 * counts.length);
  counts.forEach((count, p) => bytes.writeUInt16LE(count, 2 * p));
  return seal(Buffer.concat([size, deflateRawSync(bytes, { level: 3 })]));
}

/** Reads the coverage in a file; undefined when there is none, or none whole. */
async function readKept(path: string): Promise<Coverage | undefined> {
  try {
    const content = await readSealed(path, BESIDE + 2 * MOST_COUNTS);
    if (!content) return undefined;
    const view = new DataView(content.buffer, content.byteOffset, content.byteLength);
    const [width, height] = [view.getUint32(0, true), view.getUint32(4, true)];
    if (width * height > MOST_COUNTS) return undefined;
    const bytes = inflateRawSync(content.subarray(8), { maxOutputLength: Math.max(1, 2 * width * height) });
    if (bytes.length !== 2 * width * height) return undefined;
    return {
      width,
      height,
      counts: Uint16Array.from({ length: width * height }, (_, p) => bytes.readUInt16LE(2 * p)),
    };
  } catch {
    return undefined;
  }
}
