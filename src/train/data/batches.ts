import { SamsrError } from "../../base/errors.js";
import { createRandom, type Random } from "../../base/random.js";
import { type Raster, type Region, toTensor } from "../../image/raster.js";
import type { Degradation, MildParameters } from "./degrade.js";
import { SCALE } from "./kernel.js";
import { orient } from "./orient.js";

/** One training batch; both tensors are in [-1, 1]. */
export interface Batch {
  /** [N, 3, crop, crop] */
  readonly hr: Float32Array;
  /** [N, 3, crop / 4, crop / 4] */
  readonly lq: Float32Array;
}

/** A source of batches addressed by step: the same step gives the same batch. */
export interface Batches {
  at(step: number): Promise<Batch>;
}

export interface BatchOptions<Parameters> {
  /** 8-bit RGB */
  photos: readonly Raster[];
  /** Crops in a batch, N. */
  batch: number;
  /** Side of the HR crop, divisible by 4. Default: 128. */
  crop?: number;
  /** 0 .. 2^32 - 1 */
  seed: number;
  degradation: Degradation<Parameters>;
  /** Flips and quarter turns, all eight equally likely. Default: true. */
  augment?: boolean;
}

/** Added to the seed: a key of its own, so that crops and noise never repeat what the trainer draws. */
const DATA_KEY = 0xda7a * 2 ** 32;

/**
 * Batches of random crops of random photos, degraded as they are made. A batch is determined by seed and step
 * alone, so resuming a training run needs the step number and nothing else.
 *
 * @throws SamsrError when there is no photo or the crop does not divide by 4
 */
export function createBatches<Parameters = MildParameters>({
  photos,
  batch,
  crop = 128,
  seed,
  degradation,
  augment = true,
}: BatchOptions<Parameters>): Batches {
  if (photos.length === 0) throw new SamsrError("cannot make batches: there are no photos");
  if (crop % SCALE !== 0) throw new SamsrError(`crop is ${crop}: expected a multiple of ${SCALE}`);
  const small = crop / SCALE;

  return {
    async at(step) {
      const hr = new Float32Array(batch * 3 * crop * crop);
      const lq = new Float32Array(batch * 3 * small * small);
      const fill = async (sample: number) => {
        const random = createRandom(seed + DATA_KEY, step * batch + sample);
        const photo = photos[random.integer(photos.length)];
        const region = chooseCrop(photo, crop, random);
        const orientation = augment ? random.integer(8) : 0;
        const parameters = degradation.sample(random);
        const lr = degradation.apply(photo, region, parameters, random, (planar, side) =>
          orient(planar, side, orientation),
        );
        hr.set(orient(toTensor(photo, region), crop, orientation), sample * 3 * crop * crop);
        lq.set(toTensor(await lr), sample * 3 * small * small);
      };
      await Promise.all(Array.from({ length: batch }, (_, sample) => fill(sample)));
      return { hr, lq };
    },
  };
}

/**
 * A square crop at a uniform place. Skies and walls teach little, so half of the time it is the one with the
 * largest variance of three. A photo smaller than the crop is centred in it and reflected around.
 */
export function chooseCrop(photo: Raster, size: number, random: Random): Region {
  const tries = random.next() < 0.5 ? 3 : 1;
  let chosen: Region | undefined;
  let largest = -1;
  for (let i = 0; i < tries; i++) {
    const region = {
      x: place(photo.width - size, random),
      y: place(photo.height - size, random),
      width: size,
      height: size,
    };
    const variance = tries === 1 ? 0 : variationOf(photo, region);
    if (variance > largest) {
      largest = variance;
      chosen = region;
    }
  }
  return chosen!;
}

function place(room: number, random: Random): number {
  return room > 0 ? random.integer(room + 1) : Math.floor(room / 2);
}

/** Variance of the green channel over every 4th pixel of every 4th row inside the photo. */
function variationOf(photo: Raster, region: Region): number {
  const right = Math.min(photo.width, region.x + region.width);
  const bottom = Math.min(photo.height, region.y + region.height);
  let count = 0;
  let sum = 0;
  let squares = 0;
  for (let y = Math.max(0, region.y); y < bottom; y += 4) {
    for (let x = Math.max(0, region.x); x < right; x += 4) {
      const value = photo.data[(y * photo.width + x) * 3 + 1];
      count++;
      sum += value;
      squares += value * value;
    }
  }
  const mean = sum / count;
  return squares / count - mean * mean;
}
