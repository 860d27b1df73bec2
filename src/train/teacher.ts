import { createRandom } from "../base/random.js";
import { exponentialSchedule, inputScale, type ScheduleOptions } from "../diffusion/index.js";
import { LATENT_CHANNELS, SCALE, type SwinUNetConfig } from "../networks/index.js";
import { trainableScope } from "../nn/index.js";
import { floatTensor, type SessionOptions } from "../runtime/index.js";
import { createTrainingState } from "./checkpoint.js";
import type { Batches } from "./data/batches.js";
import { teacherLoss } from "./objectives.js";
import { type TrainerOptions, train } from "./trainer.js";
import { createTrainingSession } from "./training-session.js";
import { initialWeights, type Weights } from "./weights.js";

export interface TeacherOptions extends TrainerOptions {
  readonly config: SwinUNetConfig;
  readonly schedule: ScheduleOptions;
  readonly batches: Batches;
  readonly batch: number;
  /** Side of the high-resolution crops. */
  readonly crop: number;
  readonly seed: number;
  readonly session?: SessionOptions;
}

/** Noise and timesteps have streams of their own beside the data's. */
const NOISE_STREAM = 0x7eac;

/** Trains ResShift's denoiser. @returns its weights and their moving average */
export async function trainTeacher(
  options: TeacherOptions,
): Promise<{ weights: Weights; average: Float32Array }> {
  const { config, batches, batch, crop, seed } = options;
  const side = crop / SCALE;
  const { scope, parameters } = trainableScope();
  const loss = teacherLoss(scope, config, { batch, side });
  const weights = initialWeights(parameters(), seed);
  const session = await createTrainingSession(weights, loss, {}, options.session);
  const state = createTrainingState(weights);
  const schedule = exponentialSchedule(options.schedule);

  const perImage = (timesteps: readonly number[], f: (timestep: number) => number) =>
    floatTensor([batch, 1, 1, 1], Float32Array.from(timesteps, f));
  const feedsAt = async (index: number) => {
    const { hr, lq } = await batches.at(index);
    const random = createRandom(seed + NOISE_STREAM, index);
    const timesteps = Array.from({ length: batch }, () => random.integer(schedule.steps));
    const noise = random.normals(new Float32Array(batch * LATENT_CHANNELS * side * side));
    return {
      hr: floatTensor([batch, 3, crop, crop], hr),
      lq: floatTensor([batch, 3, side, side], lq),
      noise: floatTensor([batch, LATENT_CHANNELS, side, side], noise),
      t: floatTensor([batch], Float32Array.from(timesteps)),
      eta: perImage(timesteps, (t) => schedule.eta[t]),
      sigma: perImage(timesteps, (t) => schedule.kappa * schedule.sqrtEta[t]),
      scale: perImage(timesteps, (t) => inputScale(schedule.eta[t], schedule.kappa)),
    };
  };
  try {
    await train(session, state, feedsAt, options);
  } finally {
    await session.release();
  }
  return { weights, average: state.average };
}
