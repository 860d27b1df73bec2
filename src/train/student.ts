/**
 * Algorithm 1: the student learns to do in one step what the teacher does in many. Masks are found on each
 * low-resolution crop, noise and coefficients follow them pixel by pixel, the teacher walks down its
 * deterministic chain, and the student is taught the way from the chain's start to its end.
 *
 * Without masks W is 0 and the noise plain, and what is left is SinSR.
 */
import { exponentialSchedule, inputScale, type PixelwiseOptions, type Variant } from "../diffusion/index.js";
import { SCALE } from "../networks/index.js";
import { frozenScope, type StateDict, trainableScope } from "../nn/index.js";
import { sizeOf } from "../onnx/index.js";
import { createDeviceTensor, devicePart } from "../runtime/index.js";
import { createTrainingState } from "./checkpoint.js";
import { type CoverageWeights, createCropSemantics, type SemanticsOptions } from "./crop-semantics.js";
import { cropSeed, demandPhotoMasks, type MaskContext, type SemanticNoise } from "./data/batch-noise.js";
import { type AdversarialOptions, createDiscriminator } from "./discriminator.js";
import { type StudentWeights, studentLoss } from "./objectives.js";
import { createRollOut } from "./roll-out.js";
import { latentChannels, spaceOf, type TeacherOptions } from "./teacher.js";
import { train } from "./trainer.js";
import { createTrainingSession, waysOn } from "./training-session.js";
import { initialWeights, loadWeights, type Weights } from "./weights.js";

export interface StudentOptions extends Omit<TeacherOptions, "semantics"> {
  readonly teacher: StateDict;
  /** What the student begins as; default: the teacher. */
  readonly start?: StateDict;
  /** Timesteps of the teacher's roll-out, 1..T; fewer are faster and evenly spread. */
  readonly rollOut: number;
  /** m of equation 9. */
  readonly m: number;
  /** default "paper"; see `RollOutOptions` for what `release` does */
  readonly variant?: Variant;
  /** Which of eta and kappa follows W (table 4 of the paper compares them); default "both". */
  readonly coefficients?: PixelwiseOptions["modify"];
  /** What finds masks; default "regions". */
  readonly masks?: SemanticsOptions["masks"];
  /**
   * Where `regions` looks: in each crop (the default), or in its whole photo, as upscaling does; then the batches bring noise
   * and W.
   */
  readonly maskContext?: MaskContext;
  /** How many images of each batch go through algorithm 1's terms; see `studentLoss`. */
  readonly distilled: number;
  readonly terms: StudentWeights;
  /** Of the term `adversarial`. */
  readonly adversarial?: AdversarialOptions;
  /** Of the term `perceptual`: the timestep whose features are compared; default {@link FEATURE_TIMESTEP}. */
  readonly featureTimestep?: number;
  /** Of the term `sc`, and of masks by network: what predicts coverage. */
  readonly coverage?: CoverageWeights;
}

/** Noise there is weak, so the features are of the picture and its detail. */
const FEATURE_TIMESTEP = 1;

/** The noise and W that batches may bring; see `Batch`. Masks by network are found while the student is taught. */
export function studentNoise({
  seed,
  autoencoder,
  masks = "regions",
  maskContext: context,
  variant = "paper",
}: Pick<StudentOptions, "seed" | "autoencoder" | "masks" | "maskContext" | "variant">):
  | SemanticNoise
  | undefined {
  if (masks === "network") return undefined;
  return { kind: "semantic", channels: latentChannels(autoencoder), seed, masks, variant, context };
}

/** Distils a student, which starts as a copy of the teacher unless it is given other weights. @returns its weights and their moving average */
export async function trainStudent(
  options: StudentOptions,
): Promise<{ weights: Weights; average: Float32Array }> {
  const { config, batches, batch, crop, seed, teacher, distilled, terms, adversarial, coverage } = options;
  const { variant = "paper", masks = "regions", session: sessionOptions } = options;
  const shape = { batch, side: crop / SCALE, distilled };
  const schedule = exponentialSchedule(options.schedule);
  const at = (timestep: number) => ({ timestep, scale: inputScale(schedule.eta[timestep], schedule.kappa) });
  const { scope, parameters } = trainableScope("", waysOn(sessionOptions));
  const space = await spaceOf(options, shape);
  const { loss, reports, made } = studentLoss(
    scope,
    config,
    shape,
    terms,
    { first: at(0), last: at(schedule.steps - 1) },
    {
      discriminator: adversarial?.discriminator,
      features: {
        teacher: frozenScope(teacher, "teacher:"),
        at: at(options.featureTimestep ?? FEATURE_TIMESTEP),
      },
      judge: coverage && { scope: frozenScope(coverage.weights, "coverage:"), config: coverage.config },
    },
    space,
  );
  const weights = initialWeights(parameters(), seed);
  loadWeights(weights, options.start ?? teacher, options.start ? "the weights to start with" : "the teacher");
  const state = createTrainingState(weights);
  // Where the student leaves what it made, and the discriminator looks for it.
  const held = await createDeviceTensor(new Float32Array(sizeOf(made.shape)), sessionOptions);
  const makes = devicePart(held, made.shape);
  const discriminator =
    adversarial && terms.adversarial
      ? await createDiscriminator(adversarial, makes, shape, seed, sessionOptions, space)
      : undefined;
  const session = await createTrainingSession(
    state,
    { loss, reports, ...(discriminator && { outputs: { made } }) },
    { ...sessionOptions, accumulate: options.accumulate, bound: { made: makes, ...discriminator?.bound } },
  );
  const semantics = createCropSemantics(shape, {
    ...{ channels: space.channels, masks, variant, coverage, session: sessionOptions },
  });
  const rollOut = await createRollOut(
    {
      ...{ config, teacher, schedule: options.schedule, rollOut: options.rollOut, session: sessionOptions },
      pixelwise: { m: options.m, variant, modify: options.coefficients },
      whole: terms.distill > 0 || terms.inverse > 0,
    },
    shape,
    space,
  );

  const feedsAt = async (index: number) => {
    const pictures = await batches.at(index);
    const { noise, weight } = pictures;
    demandPhotoMasks("student", options.maskContext, pictures);
    const made =
      noise && weight ? { noise, weight } : await semantics.of(pictures.lq, cropSeed(seed, index, batch));
    const feeds = await space.feeds(pictures);
    return { ...feeds, ...(await rollOut.run(feeds, made.noise, made.weight)) };
  };
  try {
    await train(session, feedsAt, options, discriminator);
  } finally {
    await session.release();
    await discriminator?.session.release();
    await held.release();
    await rollOut.release();
    await semantics.release();
    await space.release();
  }
  return { weights, average: state.average };
}
