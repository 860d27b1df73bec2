import {
  exponentialSchedule,
  inputScale,
  type PixelwiseOptions,
  type ScheduleOptions,
} from "../diffusion/index.js";
import { LATENT_CHANNELS, SCALE, type SwinUNetConfig, type VqConfig } from "../networks/index.js";
import { type StateDict, trainableScope } from "../nn/index.js";
import { floatTensor, type SessionOptions } from "../runtime/index.js";
import { createTrainingState } from "./checkpoint.js";
import {
  demandPhotoMasks,
  type MaskContext,
  type NoiseRecipe,
  noiseMaker,
  teacherRandom,
} from "./data/batch-noise.js";
import type { Batches } from "./data/batches.js";
import { localRates } from "./local-rates.js";
import { teacherLoss } from "./objectives.js";
import { type BatchShape, latentSpace, pixelSpace, type Space } from "./space.js";
import { type TrainerOptions, train } from "./trainer.js";
import { createTrainingSession, waysOn } from "./training-session.js";
import { initialWeights, loadWeights, type Weights } from "./weights.js";

export interface TeacherOptions extends TrainerOptions {
  readonly config: SwinUNetConfig;
  readonly schedule: ScheduleOptions;
  readonly batches: Batches;
  readonly batch: number;
  /** Side of the high-resolution crops. */
  readonly crop: number;
  readonly seed: number;
  readonly session?: SessionOptions;
  /** The autoencoder on whose latents diffusion happens; left out, on pixels. */
  readonly autoencoder?: { readonly weights: StateDict; readonly config: VqConfig };
  /** Weights to begin with, of the same network. */
  readonly start?: StateDict;
  /** SAM-noise and the pixel-wise process, which algorithm 1 has the teacher walk; left out, ResShift's. */
  readonly semantics?: TeacherSemantics;
}

export interface TeacherSemantics extends Required<PixelwiseOptions> {
  readonly masks: "regions";
  readonly maskContext: MaskContext;
}

/** What the options say of where diffusion happens; it must be released. */
export async function spaceOf(
  { autoencoder, session }: Pick<TeacherOptions, "autoencoder" | "session">,
  shape: BatchShape,
): Promise<Space> {
  if (!autoencoder) return pixelSpace(shape);
  return latentSpace(autoencoder.weights, autoencoder.config, shape, session);
}

/** C of the latents on which diffusion happens. */
export function latentChannels(autoencoder: TeacherOptions["autoencoder"]): number {
  return autoencoder?.config.latentChannels ?? LATENT_CHANNELS;
}

/** The noise that batches may bring; see `Batch`. */
export function teacherNoise({
  seed,
  autoencoder,
  semantics,
}: Pick<TeacherOptions, "seed" | "autoencoder" | "semantics">): NoiseRecipe {
  const common = { channels: latentChannels(autoencoder), seed };
  if (!semantics) return { kind: "plain", ...common };
  const { masks, variant, maskContext: context } = semantics;
  return { kind: "semantic", ...common, masks, variant, context };
}

/** Trains ResShift's denoiser. @returns its weights and their moving average */
export async function trainTeacher(
  options: TeacherOptions,
): Promise<{ weights: Weights; average: Float32Array }> {
  const { config, batches, batch, crop, seed } = options;
  const side = crop / SCALE;
  const { scope, parameters } = trainableScope("", waysOn(options.session));
  const { semantics } = options;
  const shape = { batch, side };
  const space = await spaceOf(options, shape);
  const loss = teacherLoss(scope, config, shape, space, semantics ? "local" : "global");
  const weights = initialWeights(parameters(), seed);
  if (options.start) loadWeights(weights, options.start, "the weights to start with");
  const state = createTrainingState(weights);
  const session = await createTrainingSession(
    state,
    { loss },
    {
      ...options.session,
      accumulate: options.accumulate,
    },
  );
  const schedule = exponentialSchedule(options.schedule);
  const noiseOf = noiseMaker(teacherNoise(options), shape);

  const perImage = (timesteps: readonly number[], f: (timestep: number) => number) =>
    floatTensor([batch, 1, 1, 1], Float32Array.from(timesteps, f));
  const feedsAt = async (index: number) => {
    const pictures = await batches.at(index);
    demandPhotoMasks("teacher", semantics?.maskContext, pictures);
    const { noise, weight } = pictures.noise ? pictures : await noiseOf(pictures.lq, index);
    const random = teacherRandom(seed, index);
    const timesteps = Array.from({ length: batch }, () => random.integer(schedule.steps));
    return {
      ...(await space.feeds(pictures)),
      noise: floatTensor([batch, space.channels, side, side], noise),
      t: floatTensor([batch], Float32Array.from(timesteps)),
      ...(semantics
        ? localRates(schedule, timesteps, weight!, shape, semantics)
        : {
            eta: perImage(timesteps, (t) => schedule.eta[t]),
            sigma: perImage(timesteps, (t) => schedule.kappa * schedule.sqrtEta[t]),
          }),
      scale: perImage(timesteps, (t) => inputScale(schedule.eta[t], schedule.kappa)),
    };
  };
  try {
    await train(session, feedsAt, options);
  } finally {
    await session.release();
    await space.release();
  }
  return { weights, average: state.average };
}
