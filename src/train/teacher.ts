/** ResShift's denoiser of the whole chain, which a student is distilled from. */
import { SCALE } from "../base/scale.js";
import {
  exponentialSchedule,
  inputScale,
  type NoiseKind,
  onGraphs,
  type PixelwiseOptions,
  type ScheduleOptions,
} from "../diffusion/index.js";
import type { SwinUNetConfig } from "../networks/index.js";
import { type Scope, type StateDict, trainableScope } from "../nn/index.js";
import * as o from "../onnx/index.js";
import { floatTensor } from "../runtime/index.js";
import type { BatchShape } from "./batch-shape.js";
import { createTrainingState } from "./checkpoint.js";
import {
  batchNoise,
  demandPhotoMasks,
  type MaskContext,
  noiseMaker,
  teacherRandom,
} from "./data/batch-noise.js";
import type { Batches } from "./data/batches.js";
import { pixelSpace, type Space, type SpaceOptions, spaceOf } from "./space.js";
import { type TeacherLoss, teacherError } from "./teacher-loss.js";
import { type TrainerOptions, train } from "./trainer.js";
import { convolutionStrategyOn, createTrainingSession } from "./training-session.js";
import { type FlatWeights, initialWeights, setWeights } from "./weights.js";

export interface TeacherOptions extends TrainerOptions, SpaceOptions {
  readonly config: SwinUNetConfig;
  readonly schedule: ScheduleOptions;
  readonly batches: Batches;
  readonly batch: number;
  /** Side of the high-resolution crops. */
  readonly crop: number;
  readonly seed: number;
  /** Weights to begin with, of the same network. */
  readonly start?: StateDict;
  /** How far its prediction is from x0; default "smooth absolute". */
  readonly loss?: TeacherLoss;
  /** SAM-noise and the pixel-wise process, which algorithm 1 has the teacher walk; left out, ResShift's. */
  readonly semantics?: TeacherSemantics;
}

export interface TeacherSemantics extends Required<PixelwiseOptions> {
  readonly masks: "regions";
  /** The noise of the forward process where it follows masks; default "sam". */
  readonly noise?: NoiseKind;
  readonly maskContext: MaskContext;
}

/** The forward process that a teacher is taught to undo, and by which error. */
interface TeacherProcess {
  /** How errors of x0 count; default "smooth absolute". */
  readonly loss?: TeacherLoss;
  readonly kappa: number;
  /** How eta and kappa follow W; left out, they are global. */
  readonly pixelwise?: PixelwiseOptions;
}

/**
 * Computes ResShift's objective: x0 from x_t of equation 1 at a random timestep, by squared error as it is
 * published, or by smooth absolute error. Inputs beside the space's pair: noise [N, C, S, S], t [N], eta and
 * scale (the global eta_t and its input scale) [N, 1, 1, 1], and where rates follow masks weight (W) [N, 1,
 * S, S].
 * @returns a scalar
 */
export function teacherLoss(
  p: Scope,
  config: SwinUNetConfig,
  shape: BatchShape,
  { kappa, pixelwise, loss }: TeacherProcess,
  space: Space = pixelSpace(shape),
): o.Value {
  const { batch, side } = shape;
  const { x0, lq, y } = space.pair(shape);
  const noise = o.input("noise", [batch, space.channels, side, side]);
  const [eta, scale] = ["eta", "scale"].map((name) => o.input(name, [batch, 1, 1, 1]));
  const t = o.input("t", [batch]);
  const rates = pixelwise
    ? onGraphs.chainRates(o.input("weight", [batch, 1, side, side]), pixelwise)
    : onGraphs.pixelwise(0);
  const x = onGraphs.forward({ x0, y, noise, eta: rates.eta(eta), kappa: rates.kappa(kappa) });
  return teacherError(space.denoise(p, config, o.mul(x, scale), t, { lq, y }), x0, loss);
}

/** Trains ResShift's denoiser. @returns its weights and their moving average */
export async function trainTeacher(
  options: TeacherOptions,
): Promise<{ weights: FlatWeights; average: Float32Array }> {
  const { config, batches, batch, crop, seed, semantics } = options;
  const shape = { batch, side: crop / SCALE };
  const schedule = exponentialSchedule(options.schedule);
  const { scope, parameters } = trainableScope("", convolutionStrategyOn(options.session));
  const space = await spaceOf(options, shape);
  const process = { kappa: schedule.kappa, pixelwise: semantics, loss: options.loss };
  const loss = teacherLoss(scope, config, shape, process, space);
  const weights = initialWeights(parameters(), seed);
  if (options.start) setWeights(weights, options.start, "the weights to start with");
  const state = createTrainingState(weights);
  const session = await createTrainingSession(
    state,
    { loss },
    { ...options.session, accumulate: options.accumulate },
  );
  const noiseOf = noiseMaker(batchNoise({ channels: space.channels, seed }, semantics)!, shape);

  const feedsAt = async (index: number) => {
    const pictures = await batches.at(index);
    demandPhotoMasks("teacher", semantics?.maskContext, pictures);
    const { noise, weight } = pictures.noise ? pictures : await noiseOf(pictures.lq, index);
    const random = teacherRandom(seed, index);
    const timesteps = Array.from({ length: batch }, () => random.integer(schedule.steps));
    const map = (channels: number, data: Float32Array) =>
      floatTensor([batch, channels, shape.side, shape.side], data);
    const perImage = (f: (timestep: number) => number) =>
      floatTensor([batch, 1, 1, 1], Float32Array.from(timesteps, f));
    return {
      ...(await space.feeds(pictures)),
      noise: map(space.channels, noise!),
      t: floatTensor([batch], Float32Array.from(timesteps)),
      eta: perImage((t) => schedule.eta[t]),
      scale: perImage((t) => inputScale(schedule.eta[t], schedule.kappa)),
      ...(semantics && { weight: map(1, weight!) }),
    };
  };
  try {
    await train(session, { at: feedsAt, ...session.inputs }, options);
  } finally {
    await session.release();
    await space.release();
  }
  return { weights, average: state.average };
}
