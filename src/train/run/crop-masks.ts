/**
 * The masks of crops, where Segment Anything looks for them in each crop that is drawn: kept as steps find
 * them, and found ahead for those that ask. A batch is addressed by its step, so the crops of steps to come
 * are known before the first.
 */
import { join } from "node:path";
import { cacheFolder } from "../../base/room.js";
import { SCALE } from "../../base/scale.js";
import { createCropSemantics } from "../crop-semantics.js";
import type { Batches } from "../data/batches.js";
import { type CropCoverage, keptCrops } from "../data/coverage-store.js";
import { latentChannels, type Space, type SpaceOptions, spaceOf } from "../space.js";
import type { StudentOptions } from "../student-options.js";
import { hashOfWeights } from "./hash-of-weights.js";
import { identityOfSource, type PhotoMasks } from "./photo-masks.js";
import type { TrainingRun } from "./training-run.js";

/** Between two reports, in milliseconds. */
const REPORT_EVERY = 10_000;

/**
 * Returns what keeps the coverage of crops, beside that of photos.
 * @param masks where masks come from
 * @param autoencoder the autoencoder in whose latents they are sought, where they are sought in latents
 * @param onUnwritten told of the error when a file cannot be written
 */
export async function cropCoverageOf(
  masks: PhotoMasks,
  autoencoder: SpaceOptions["autoencoder"],
  onUnwritten: (error: unknown) => void,
): Promise<CropCoverage> {
  const latents = autoencoder && masks.variant === "release" ? hashOfWeights(autoencoder.weights) : undefined;
  const identity = [masks.variant, masks.masks, await identityOfSource(masks), latents];
  return keptCrops(join(cacheFolder(), "coverage"), identity, onUnwritten);
}

/**
 * Finds the masks of the crops of all steps that are not kept yet, one after the other. Interrupted, it goes
 * on where it was, since what is kept is not sought again.
 * @param options of the student, with what keeps the coverage of crops
 * @throws what the search throws; the signal's reason
 */
export async function fillCropMasks(
  options: Omit<StudentOptions, "batches" | "teacher">,
  batches: Batches,
  { report = () => {}, signal }: Pick<TrainingRun, "report" | "signal">,
): Promise<void> {
  const { batch, crop, steps, accumulate, autoencoder, variant = "paper", masks = "regions" } = options;
  const { samOptions, networks, cropCoverage } = options;
  const shape = { batch, side: crop / SCALE };
  const channels = latentChannels(options);
  const semantics = createCropSemantics(shape, {
    ...{ channels, masks, variant, samOptions, networks, cropCoverage },
  });
  const inLatents = autoencoder !== undefined && variant === "release";
  const space = inLatents ? await spaceOf(options, shape) : undefined;
  const last = steps * accumulate;
  let [done, reported] = [0, Date.now()];
  const tell = () => report(`masks: ${done} of ${last * batch} crops`);
  try {
    for (let step = 0; step < last; step++) {
      const pictures = await batches.at(step);
      let made: Promise<Float32Array> | undefined;
      const latents = async (of: Space) => (await of.feeds(pictures)).y.data as Float32Array;
      const once = space && (() => (made ??= latents(space)));
      for (let n = 0; n < batch; n++) {
        signal?.throwIfAborted();
        await semantics.coverage(pictures.lq, n, once, { signal });
        done++;
        if (Date.now() - reported <= REPORT_EVERY) continue;
        tell();
        reported = Date.now();
      }
    }
  } finally {
    await space?.release();
  }
  tell();
}
