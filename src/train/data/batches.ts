import { SamsrError } from "../../base/errors.js";
import { createRandom } from "../../base/random.js";
import { SCALE } from "../../base/scale.js";
import type { CoveragePart } from "../../semantics/index.js";
import { type BatchNoise, type NoiseRecipe, noiseMaker } from "./batch-noise.js";
import type { SampleSource } from "./samples.js";
import { pool as createPool, shuffle } from "./shuffle.js";

/**
 * One training batch; both pictures are in [-1, 1]. Noise and W are of the recipe that was asked for, if any
 * was.
 */
export interface Batch extends Partial<BatchNoise> {
  /** The large crops, [N, 3, crop, crop]. */
  readonly hr: Float32Array;
  /** The small crops, [N, 3, crop / 4, crop / 4]. */
  readonly lq: Float32Array;
  /**
   * The taught crops [N, 3, crop, crop], what the second teacher makes of `lq`, where the source gives it.
   */
  readonly taught?: Float32Array;
}

/** A source of batches addressed by step: the same step gives the same batch. */
export interface Batches {
  at(step: number): Promise<Batch>;
}

interface BatchOptions {
  readonly source: SampleSource;
  /** Crops in a batch, N. */
  readonly batch: number;
  /** Side of the HR crop, divisible by 4. Default: 128. */
  readonly crop?: number;
  /** The seed of crops and degradation, 0 .. 2^32 - 1. */
  readonly seed: number;
  /** Flips and quarter turns, all eight equally likely. Default: true. */
  readonly augment?: boolean;
  /** Samples are taken out of order within windows of this many; see `pool`. Default: 1, as they come. */
  readonly pool?: number;
  /** Has each batch bring its noise. */
  readonly noise?: NoiseRecipe;
}

/** Added to the seed: a key of its own, so that crops and noise never repeat what the trainer draws. */
const DATA_KEY = 0xda7a * 2 ** 32;

/**
 * Batches of random crops, made when they are asked for. Every photo is visited once an epoch, in a random
 * order. A batch is determined by seed and step alone, so resuming a training run needs the step number and
 * nothing else.
 *
 * @throws SamsrError when there is nothing to cut from, the crop does not divide by 4, or the pool is smaller
 *   than 1
 */
export function createBatches({
  source,
  batch,
  crop = 128,
  seed,
  augment = true,
  pool = 1,
  noise,
}: BatchOptions): Batches {
  if (source.count === 0) throw new SamsrError("cannot make batches: there are no photos");
  if (!(crop > 0) || crop % SCALE !== 0)
    throw new SamsrError(`crop is ${crop}: expected a multiple of ${SCALE}`);
  if (!(pool >= 1)) throw new SamsrError(`pool is ${pool}: expected a number of samples, from 1 on`);
  const small = crop / SCALE;
  const sampleAt = createPool(pool, seed);
  const indexOf = shuffle(source.count, seed);
  const noiseOf = noise && noiseMaker(noise, { batch, side: small });

  return {
    async at(step) {
      const hr = new Float32Array(batch * 3 * crop * crop);
      const lq = new Float32Array(batch * 3 * small * small);
      let taught: Float32Array | undefined;
      const parts: CoveragePart[] = [];
      const fill = async (place: number) => {
        const number = sampleAt(step * batch + place);
        const random = createRandom(seed + DATA_KEY, number);
        const sample = await source.sample(indexOf(number), crop, random, augment);
        hr.set(sample.hr, place * 3 * crop * crop);
        lq.set(sample.lq, place * 3 * small * small);
        if (sample.taught) {
          taught ??= new Float32Array(hr.length);
          taught.set(sample.taught, place * 3 * crop * crop);
        }
        if (sample.coverage) parts[place] = sample.coverage;
      };
      await Promise.all(Array.from({ length: batch }, (_, place) => fill(place)));
      const noise = await noiseOf?.(lq, step, parts.length > 0 ? parts : undefined);
      return { hr, lq, ...(taught && { taught }), ...noise };
    },
  };
}
