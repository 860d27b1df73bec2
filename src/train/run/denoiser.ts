/** Runs of teachers and students: what a configuration names is read, and their trainer goes by it. */
import { SamsrError } from "../../base/errors.js";
import { SCALE } from "../../base/scale.js";
import { findWeights } from "../../checkpoints/store/index.js";
import {
  differingSize,
  factorOf,
  type SwinUNetConfig,
  VQ_AUTOENCODER,
  type VqConfig,
} from "../../networks/index.js";
import type { StateDict } from "../../nn/index.js";
import { findCoverageNetwork } from "../../semantics/coverage-model.js";
import { findSam } from "../../semantics/sam/find-sam.js";
import { openNetworks } from "../../semantics/sources/installed.js";
import {
  type StudentConfig,
  studentOptions,
  type TeacherConfig,
  teacherOptions,
  trainedNetwork,
} from "../config/index.js";
import { batchNoise, type NoiseRecipe, needsCoverage } from "../data/batch-noise.js";
import type { Batches } from "../data/batches.js";
import { latentChannels } from "../space.js";
import { trainStudent } from "../student.js";
import { type TeacherOptions, trainTeacher } from "../teacher.js";
import { cropCoverageOf, fillCropMasks } from "./crop-masks.js";
import { metricTerms } from "./metric-terms.js";
import { fillPhotoMasks } from "./photo-masks.js";
import { secondTeacherPictures } from "./second-teacher.js";
import { demandField, finish, onBatches, type TrainingRun, trainerOptions } from "./training-run.js";

/**
 * Trains the denoiser of the whole chain. @returns the file of its weights; undefined for an interrupted run
 */
export async function runTeacher(config: TeacherConfig, run: TrainingRun): Promise<string | undefined> {
  const autoencoder = await autoencoderOf(config);
  const start = await startOf(config);
  const options: Omit<TeacherOptions, "batches"> = {
    ...teacherOptions(config),
    ...trainerOptions(config, run),
    ...{ autoencoder, start },
  };
  const noise = batchNoise({ channels: latentChannels(options), seed: options.seed }, options.semantics);
  const trained = await onBatches(config, config.data, run, noise, (batches) =>
    trainTeacher({ ...options, batches }),
  );
  return finish(run, "teacher.safetensors", trained, config);
}

/**
 * Distils a teacher's chain into one step. @returns the file of its weights; undefined for an interrupted run
 */
export async function runStudent(config: StudentConfig, run: TrainingRun): Promise<string | undefined> {
  const { masks, sam, samOptions, coverage: model, terms } = config.student;
  if (masks === "sam") await findSam(sam);
  const coverage = terms.sc > 0 ? await findCoverageNetwork(model) : undefined;
  const teacher = await teacherOf(config);
  const start = await startOf(config);
  const autoencoder = await autoencoderOf(config);
  const options = {
    ...{ ...studentOptions(config), ...trainerOptions(config, run), autoencoder },
    metricTerms: await metricTerms(terms, config.student.lpipsNetwork),
  };
  const { seed } = options;
  const noise = batchNoise(
    { channels: latentChannels(options), seed, latent: autoencoder !== undefined },
    options,
  );
  const inCrops = masks === "sam" && noise === undefined;
  const kept = await untilInterrupted(run, () => prepared(config, run, noise));
  if (!kept) return undefined;
  // What is kept is coverage, so the cache of masks has nothing to add.
  const networks = openNetworks({ ...options.session, sam, coverage: model, cache: false, ownThread: true });
  const photoMasks = { masks, variant: config.student.variant, sam, samOptions, coverage: model };
  const cropsKept = (onUnwritten: (error: unknown) => void) =>
    inCrops ? cropCoverageOf(photoMasks, autoencoder, onUnwritten) : undefined;
  try {
    if (run.prepare) {
      const cropCoverage = await cropsKept((error) => {
        throw error;
      });
      const fill = (batches: Batches) =>
        fillCropMasks({ ...options, samOptions, networks, cropCoverage }, batches, run);
      const done = await untilInterrupted(run, async () => {
        if (cropCoverage) await onBatches(config, config.data, run, noise, fill);
        return run.out;
      });
      if (done) run.report?.("prepared; the same command without --prepare trains");
      return done;
    }
    // Where masks cannot be kept, a step finds them all the same.
    const cropCoverage = await cropsKept(() => {});
    const train = (batches: Batches) =>
      trainStudent({ ...options, batches, teacher, start, coverage, samOptions, networks, cropCoverage });
    const trained = await onBatches(config, config.data, run, noise, train, kept);
    return await finish(run, "student.safetensors", trained, config);
  } finally {
    await networks.release();
  }
}

/** Returns what work makes, or undefined where the run is interrupted meanwhile. */
async function untilInterrupted<T>(run: TrainingRun, work: () => Promise<T>): Promise<T | undefined> {
  try {
    return await work();
  } catch (error) {
    if (!run.signal?.aborted) throw error;
    run.report?.("interrupted; the same command goes on where it was");
    return undefined;
  }
}

/** Returns the weights of the chain that a student learns from. */
async function teacherOf(config: StudentConfig) {
  const given = demandField(config, "teacher", config.teacher);
  return loadDenoiser(given, config, ["teacher", "denoiser"]);
}

/**
 * Makes what a student's run needs before its first step: the masks of whole photos, and the second teacher's
 * pictures. @throws the signal's reason
 */
async function prepared(config: StudentConfig, run: TrainingRun, noise: NoiseRecipe | undefined) {
  const { secondTeacher } = config;
  const { masks, variant, sam, samOptions, coverage } = config.student;
  const findsMasks = needsCoverage(noise) && masks !== "regions";
  if (!findsMasks && secondTeacher === undefined) return {};
  const folders = demandField(config, "data.photos", config.data.photos);
  const taughtFiles =
    secondTeacher === undefined ? undefined : await secondTeacherPictures(secondTeacher, folders, run);
  if (!findsMasks) return { taughtFiles };
  const { session } = trainerOptions(config, run);
  // What is kept is a photo's coverage, so the cache of masks has nothing to add.
  const networks = openNetworks({ ...session, sam, coverage, cache: false, ownThread: true });
  const photoMasks = { masks, variant, sam, samOptions, coverage };
  const coverageFiles = await fillPhotoMasks(folders, photoMasks, networks, run).finally(() =>
    networks.release(),
  );
  return { coverageFiles, taughtFiles };
}

/** Returns the weights to begin with, where the configuration names any. */
async function startOf(config: TeacherConfig | StudentConfig) {
  if (config.start === undefined) return undefined;
  const parts = config.train === "student" ? ["student", "denoiser"] : ["teacher", "denoiser"];
  return loadDenoiser(config.start, config, parts);
}

/**
 * Reads a denoiser of the configuration's network.
 * @param parts of a model with several, the best first
 */
async function loadDenoiser(
  given: string,
  config: TeacherConfig | StudentConfig,
  parts: readonly string[],
): Promise<StateDict> {
  const found = await findWeights(given, { networks: [trainedNetwork(config)], parts });
  const difference = differingSize(found.config as SwinUNetConfig, config.network);
  if (difference) throw new SamsrError(`${found.name}: ${difference} as in the configuration's network`);
  return found.load();
}

/** Returns the autoencoder on whose latents a run is, told by its tensors. */
async function autoencoderOf(run: TeacherConfig | StudentConfig) {
  if (run.space === "pixels") return undefined;
  const given = demandField(run, "autoencoder", run.autoencoder);
  const { name, config: found, load } = await findWeights(given, { networks: [VQ_AUTOENCODER] });
  const config = found as VqConfig;
  const { outChannels } = run.network;
  if (factorOf(config) !== SCALE || config.latentChannels !== outChannels) {
    throw new SamsrError(
      `${name}: makes latents of ${config.latentChannels} channels, 1/${factorOf(config)} the size; ` +
        `the configuration needs ${outChannels}, 1/${SCALE}`,
    );
  }
  return { weights: await load(), config };
}
