/**
 * Pictures and their coverage, to learn the one from the other. A mask generator takes longer than a training
 * step, so all of them are made before the first step and kept in files: a step never waits, and a resumed
 * run finds them again.
 */

import { createHash } from "node:crypto";
import { mkdir, readFile } from "node:fs/promises";
import { join } from "node:path";
import sharp from "sharp";
import { createRandom, type Random } from "../../base/random.js";
import { SCALE } from "../../base/scale.js";
import { type Raster, type Region, writeFileAtomically } from "../../image/index.js";
import type { CoverageTarget } from "./coverage-targets.js";
import type { Degradation } from "./degrade.js";
import type { Photo } from "./photos.js";

export interface CoverageSampleOptions {
  readonly photos: readonly Photo[];
  /** Where the counts come from. */
  readonly target: CoverageTarget;
  /** The width of the low-resolution pictures; upright ones are laid on their side. */
  readonly width: number;
  readonly height: number;
  /** Pictures of each photo, each of another part of it, at another scale and degraded in another way. */
  readonly variants: number;
  readonly seed: number;
  readonly degradation: Degradation<unknown>;
  /** Where the files are kept. */
  readonly folder: string;
  readonly report?: (line: string) => void;
  readonly signal?: AbortSignal;
}

export interface CoverageSamples {
  readonly count: number;
  /** Returns the 8-bit levels of a picture, [3, height, width]. */
  image(index: number): Uint8Array;
  /** Returns its expected counts in steps of 1 / {@link COUNT_STEPS}, [height, width]. */
  counts(index: number): Uint16Array;
}

export const COUNT_STEPS = 256;

/** Added to the seed: a key of its own. */
const SAMPLE_KEY = 0xc0fe * 2 ** 32;

/**
 * Makes the samples that a coverage network is trained on.
 * @throws the signal's reason; what the target throws
 */
export async function coverageSamples(options: CoverageSampleOptions): Promise<CoverageSamples> {
  const { photos, width, height, variants, folder, report } = options;
  const pixels = width * height;
  const perFile = photos.length * pixels;
  await mkdir(folder, { recursive: true });
  const files: { images: Uint8Array; counts: Uint16Array }[] = [];
  for (let variant = 0; variant < variants; variant++) {
    const path = join(folder, `samples-${keyOf(options)}-${variant}.bin`);
    const kept = await readFile(path).catch(() => undefined);
    // Counts first, for their alignment.
    const bytes = kept?.length === 5 * perFile ? new Uint8Array(kept) : new Uint8Array(5 * perFile);
    const counts = new Uint16Array(bytes.buffer, 0, perFile);
    const images = bytes.subarray(2 * perFile);
    if (kept?.length !== bytes.length) {
      for (const [i, photo] of photos.entries()) {
        options.signal?.throwIfAborted();
        const random = createRandom(options.seed + SAMPLE_KEY, variant * photos.length + i);
        const sample = await makeSample(photo, random, options);
        images.set(sample.image, 3 * i * pixels);
        counts.set(sample.counts, i * pixels);
      }
      await writeFileAtomically(path, bytes, { overwrite: true });
    }
    files.push({ images, counts });
    report?.(`masks: ${(variant + 1) * photos.length} of ${variants * photos.length} pictures`);
  }
  const at = (index: number) => ({ ...files[Math.floor(index / photos.length)], i: index % photos.length });
  return {
    count: variants * photos.length,
    image(index) {
      const { images, i } = at(index);
      return images.subarray(3 * i * pixels, 3 * (i + 1) * pixels);
    },
    counts(index) {
      const { counts, i } = at(index);
      return counts.subarray(i * pixels, (i + 1) * pixels);
    },
  };
}

/** Stands for everything that decides the samples, but for the pixels themselves. */
function keyOf({ photos, target, width, height, seed }: CoverageSampleOptions): string {
  const names = photos.map((photo) => [photo.name, photo.width, photo.height]);
  const all = JSON.stringify([names, target.name, width, height, seed]);
  return createHash("sha256").update(all).digest("hex").slice(0, 12);
}

async function makeSample(photo: Photo, random: Random, options: CoverageSampleOptions) {
  const { target, degradation } = options;
  const upright = random.next() < (photo.height > photo.width ? 0.7 : 0.25);
  const [width, height] = upright ? [options.height, options.width] : [options.width, options.height];
  const region = choosePart(photo, width / height, random);
  const hr = await resizePart(photo, region, SCALE * width, SCALE * height);
  const whole = { x: 0, y: 0, width: hr.width, height: hr.height };
  const lq = await degradation.apply(hr, whole, degradation.sample(random), random);
  const coverage = await target.coverage({ photo, region, lq }, random);

  const pixels = width * height;
  const image = new Uint8Array(3 * pixels);
  const counts = new Uint16Array(pixels);
  for (let y = 0, from = 0; y < height; y++) {
    for (let x = 0; x < width; x++, from++) {
      const to = upright ? x * height + y : from;
      for (let c = 0; c < 3; c++) image[c * pixels + to] = lq.data[3 * from + c];
      counts[to] = Math.min(65535, Math.round(COUNT_STEPS * coverage[from]));
    }
  }
  return { image, counts };
}

/** Chooses as much of the photo as has this ratio of sides, or, more often, down to half of that. */
function choosePart(photo: Raster, ratio: number, random: Random): Region {
  const zoom = random.next() < 0.4 ? 1 : 1 + random.next();
  const widest = Math.min(photo.width, photo.height * ratio);
  const width = Math.max(1, Math.round(widest / zoom));
  const height = Math.max(1, Math.min(photo.height, Math.round(widest / zoom / ratio)));
  const x = random.integer(photo.width - width + 1);
  return { x, y: random.integer(photo.height - height + 1), width, height };
}

async function resizePart(photo: Raster, part: Region, width: number, height: number): Promise<Raster> {
  const raw = { width: photo.width, height: photo.height, channels: 3 } as const;
  const data = await sharp(photo.data, { raw })
    .extract({ left: part.x, top: part.y, width: part.width, height: part.height })
    .resize(width, height, { fit: "fill" })
    .raw()
    .toBuffer();
  return { width, height, channels: 3, data };
}
