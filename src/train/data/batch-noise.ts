/**
 * The noise of a batch, and W. Drawing them takes longer than a GPU's step, so the threads that make batches
 * make them too; a trainer whose batches bring none makes them by the same recipe. They follow from the run's
 * seed, the step and the low-resolution crops, so they are the same whoever makes them.
 */
import { createRandom, type Random } from "../../base/random.js";
import { type CoveragePart, isSourceName } from "../../semantics/index.js";
import type { BatchShape } from "../batch-shape.js";
import { createCropSemantics, type SemanticsOptions } from "../crop-semantics.js";

/** Standard normal, as the teacher is taught with. */
interface PlainNoise {
  readonly kind: "plain";
  /** C of a latent. */
  readonly channels: number;
  /** The seed of the run. */
  readonly seed: number;
}

/**
 * Noise and W, as the student is taught with; networks that look at crops need sessions, and stay with the
 * trainer.
 */
interface SemanticNoise extends Pick<SemanticsOptions, "variant" | "noise"> {
  readonly kind: "semantic";
  readonly channels: number;
  readonly seed: number;
  readonly masks: SemanticsOptions["masks"];
  /** Where masks are sought: in each crop (the default), or in its whole photo. */
  readonly context?: MaskContext;
}

export type MaskContext = "crop" | "photo";

/** Tells where masks are sought: as asked for, but those that lie in files are always of whole photos. */
export function maskContextOf(masks: string, asked: MaskContext = "crop"): MaskContext {
  return isSourceName(masks) ? asked : "photo";
}

/** Tells whether crops have to bring their part of the photo's coverage. */
export function needsCoverage(recipe: NoiseRecipe | undefined): recipe is SemanticNoise {
  return recipe?.kind === "semantic" && recipe.masks !== "none" && recipe.context === "photo";
}

/**
 * Demands what batches alone can bring.
 * @throws {Error} when masks are those of whole photos, which batches alone can bring, and a batch brings no
 *   W
 */
export function demandPhotoMasks(
  trainer: "teacher" | "student",
  context: MaskContext | undefined,
  { weight }: Partial<BatchNoise>,
): void {
  if (context === "photo" && !weight) {
    throw new Error(`train ${trainer}: masks of whole photos have to come with the batches`);
  }
}

export type NoiseRecipe = PlainNoise | SemanticNoise;

export interface BatchNoise {
  /** The noise, [N, C, S, S]. */
  readonly noise: Float32Array;
  /** W [N, S, S], in [0, 1]; semantic noise alone has it. */
  readonly weight?: Float32Array;
}

/**
 * Returns the noise that batches may bring to a run: plain without masks, SAM-noise and W with them;
 * undefined for masks that are found in crops while the run goes on, by a network, or in what only the run
 * has: its latents.
 * @param of.latent whether the released code's masks are sought in latents
 */
export function batchNoise(
  { channels, seed, latent }: Pick<PlainNoise, "channels" | "seed"> & { readonly latent?: boolean },
  guidance?: Partial<Pick<SemanticsOptions, "masks" | "variant" | "noise">> & {
    readonly maskContext?: MaskContext;
  },
): NoiseRecipe | undefined {
  if (!guidance) return { kind: "plain", channels, seed };
  const { masks = "regions", variant = "paper", noise } = guidance;
  const context = maskContextOf(masks, guidance.maskContext);
  const inLatents = latent && variant === "release" && masks !== "none";
  if (context === "crop" && (masks === "network" || masks === "sam" || inLatents)) return undefined;
  return { kind: "semantic", channels, seed, masks, variant, noise, context };
}

/** Noise and timesteps have streams of their own beside the data's. */
const TEACHER_STREAM = 0x7eac;

/** Seeds the SAM-noise apart from the data. */
const STUDENT_SEED = 0x57ed;

/**
 * Returns what the teacher draws for a step: first a timestep for each picture, a word each, then the noise.
 */
export function teacherRandom(seed: number, step: number): Random {
  return createRandom(seed + TEACHER_STREAM, step);
}

/** Returns the seed of the first crop of a batch of the student's; see `CropSemantics`. */
export function cropSeed(seed: number, step: number, batch: number): number {
  return seed + STUDENT_SEED + step * batch;
}

/**
 * Returns what makes
 * @returns makes the noise of a step, of its low-resolution crops [N, 3, S, S] in [-1, 1]
 */
export function noiseMaker(
  recipe: NoiseRecipe,
  shape: BatchShape,
): (lq: Float32Array, step: number, parts?: readonly CoveragePart[]) => Promise<BatchNoise> {
  const { channels, seed } = recipe;
  const { batch, side } = shape;
  if (recipe.kind === "semantic") {
    const semantics = createCropSemantics(shape, recipe);
    return (lq, step, parts) => semantics.of(lq, cropSeed(seed, step, batch), parts);
  }
  return async (_, step) => {
    const random = teacherRandom(seed, step);
    random.position = batch; // past the timesteps
    return { noise: random.normals(new Float32Array(batch * channels * side * side)) };
  };
}
