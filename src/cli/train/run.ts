import { stat } from "node:fs/promises";
import { join } from "node:path";
import { SamsrError } from "../../base/errors.js";
import { isNetwork, readCheckpoint, readShapes, recognise } from "../../checkpoints/index.js";
import { COVERAGE_NETWORK, PIXEL_DENOISER, SWIN_UNET, VQ_AUTOENCODER } from "../../networks/index.js";
import type { Device } from "../../runtime/index.js";
import { findCoverageNetwork } from "../../semantics/coverage-model.js";
import { findSam } from "../../semantics/sam/find-sam.js";
import { createSegmenter, type Segmenter } from "../../semantics/sam/segmenter.js";
import { trainAutoencoder } from "../../train/autoencoder.js";
import { bundleCoverageModel } from "../../train/bundle.js";
import { readWeights, saveWeights } from "../../train/checkpoint.js";
import {
  autoencoderOptions,
  type CoverageConfig,
  configSchema,
  coverageOptions,
  type Kind,
  type StudentConfig,
  studentOptions,
  type TeacherConfig,
  type TrainingConfig,
  teacherOptions,
} from "../../train/config/index.js";
import { trainCoverage } from "../../train/coverage.js";
import { batchNoise, type NoiseRecipe } from "../../train/data/batch-noise.js";
import type { Batches } from "../../train/data/batches.js";
import { coverageSamples } from "../../train/data/coverage-samples.js";
import { type DegradationName, degradationNamed } from "../../train/data/degradations.js";
import { type MaskSource, maskFilesSource, regionsSource, samSource } from "../../train/data/mask-sources.js";
import { loadPhotos } from "../../train/data/photos.js";
import { holdsPairs } from "../../train/data/saved-pairs.js";
import { startBatches } from "../../train/data/threaded-batches.js";
import { latentChannels } from "../../train/space.js";
import { trainStudent } from "../../train/student.js";
import { type TeacherOptions, trainTeacher } from "../../train/teacher.js";
import type { Weights } from "../../train/weights.js";
import { UsageError } from "../report.js";
import { say } from "../streams.js";
import { type ConfigArguments, configFor } from "./train-config.js";

export interface TrainArguments extends ConfigArguments {
  readonly threads?: number;
  readonly keepEvery?: number;
  readonly device?: Device;
  readonly dataThreads?: number;
}

/** As a shell reports a program that SIGINT ended. */
const INTERRUPTED = 130;

async function readPhotos(data: readonly string[]) {
  const { photos, skipped } = await loadPhotos(data);
  for (const { file, reason } of skipped) say(`skipped ${file}: ${reason}`);
  say(`${photos.length} photos`);
  return photos;
}

/** The folders of a configuration, where it names any. */
function foldersOf({
  data,
  train,
}: {
  train: Kind;
  data: { photos?: readonly string[] };
}): readonly string[] {
  if (data.photos) return data.photos;
  throw new UsageError(`samsr train ${train} needs --data <folders...>, or data.photos in its configuration`);
}

/** Trains on batches that threads of their own make of the folders. @param noise what the batches bring beside pictures */
async function onBatches<T>(
  args: TrainArguments,
  config: { readonly train: Kind; readonly data: TeacherConfig["data"] },
  noise: NoiseRecipe | undefined,
  train: (batches: Batches) => Promise<T>,
): Promise<T> {
  const folders = foldersOf(config);
  const { pool, batch, crop, seed } = config.data;
  // Saved pairs are degraded already, which only who asks for it needs to be told.
  const saved = (await Promise.all(folders.map(holdsPairs))).some(Boolean);
  const degradation = saved ? (args.degradation as DegradationName) : config.data.degradation;
  const skip = (file: string, reason: string) => say(`skipped ${file}: ${reason}`);
  const threads = args.dataThreads;
  const of = { folders, degradation, pool, batch, crop, seed, noise, threads };
  const batches = await startBatches(of, skip);
  say(`${batches.count} ${batches.kind}`);
  try {
    return await train(batches);
  } finally {
    await batches.close();
  }
}

/** What all kinds of run take from the command line. */
function shared(args: TrainArguments, settings: TrainingConfig, signal: AbortSignal) {
  return {
    out: args.out,
    resume: args.resume ?? false,
    saveEvery: 250,
    keepEvery: args.keepEvery,
    reportEvery: 50,
    report: say,
    signal,
    settings,
    session: { threads: args.threads, device: args.device, spinning: false },
  };
}

export async function trainTeacherCommand(args: TrainArguments, signal: AbortSignal): Promise<number> {
  const config = await configFor("teacher", args, say);
  const autoencoder = await autoencoderOf(config);
  const start = await startOf(config);
  const options: Omit<TeacherOptions, "batches"> = {
    ...teacherOptions(config),
    ...shared(args, config, signal),
    ...{ autoencoder, start },
  };
  const noise = batchNoise({ channels: latentChannels(options), seed: options.seed }, options.semantics);
  const { weights, average } = await onBatches(args, config, noise, (batches) =>
    trainTeacher({ ...options, batches }),
  );
  return finish(
    join(args.out, "teacher.safetensors"),
    weights,
    average,
    options.steps,
    signal,
    network(config),
  );
}

export async function trainStudentCommand(args: TrainArguments, signal: AbortSignal): Promise<number> {
  const config = await configFor("student", args, say);
  const { masks, terms } = config.student;
  const coverage = terms.sc > 0 || masks === "network" ? await findCoverageNetwork() : undefined;
  if (config.teacher === undefined) {
    throw new UsageError("samsr train student needs --teacher <file>, or teacher in its configuration");
  }
  const teacher = await readWeights(config.teacher);
  const start = await startOf(config);
  const autoencoder = await autoencoderOf(config);
  const options = { ...studentOptions(config), ...shared(args, config, signal), autoencoder };
  const noise = batchNoise({ channels: latentChannels(options), seed: options.seed }, options);
  const { weights, average } = await onBatches(args, config, noise, (batches) =>
    trainStudent({ ...options, batches, teacher, start, coverage }),
  );
  return finish(
    join(args.out, "student.safetensors"),
    weights,
    average,
    options.steps,
    signal,
    network(config),
  );
}

/** The weights to begin with, where the configuration names any. */
async function startOf({ start }: TeacherConfig | StudentConfig) {
  return start === undefined ? undefined : readWeights(start);
}

const network = ({ space }: TeacherConfig | StudentConfig) =>
  (space === "pixels" ? PIXEL_DENOISER : SWIN_UNET).name;

/** The autoencoder on whose latents a run is, told by its tensors. */
async function autoencoderOf({ space, autoencoder: path, network, train }: TeacherConfig | StudentConfig) {
  if (space === "pixels") return undefined;
  if (path === undefined) {
    throw new UsageError(
      `samsr train ${train} on latents needs --autoencoder <file>, or autoencoder in its configuration`,
    );
  }
  const recognised = recognise(await readShapes(path), path);
  if (!isNetwork(recognised, VQ_AUTOENCODER)) {
    throw new SamsrError(`${path}: holds a ${recognised.network}; expected the VQ autoencoder`);
  }
  const { config } = recognised;
  if (config.channelMult.length !== 3 || config.latentChannels !== network.outChannels) {
    throw new SamsrError(
      `${path}: makes latents of ${config.latentChannels} channels, 1/${2 ** (config.channelMult.length - 1)} the size; ` +
        `the configuration needs ${network.outChannels}, 1/4`,
    );
  }
  return { weights: await readCheckpoint(path), config };
}

export async function trainAutoencoderCommand(args: TrainArguments, signal: AbortSignal): Promise<number> {
  const config = await configFor("autoencoder", args, say);
  const options = { ...autoencoderOptions(config), ...shared(args, config, signal) };
  // Nothing is made small, so the cheapest way will do.
  const data = { ...config.data, degradation: "bicubic", pool: undefined } as const;
  const { weights, average } = await onBatches(args, { train: config.train, data }, undefined, (batches) =>
    trainAutoencoder({ ...options, batches }),
  );
  const path = join(args.out, "autoencoder.safetensors");
  return finish(path, weights, average, options.steps, signal, VQ_AUTOENCODER.name);
}

export async function trainCoverageCommand(
  args: TrainArguments & { readonly sam?: string; readonly name: string },
  signal: AbortSignal,
): Promise<number> {
  const { out } = args;
  const config = await configFor("coverage", args, say);
  const options = coverageOptions(config);
  const segmenter = createSegmenter({ sam: args.sam, threads: args.threads });
  const source = await maskSource({ masks: config.masks, sam: args.sam, regions: config.regions }, segmenter);
  const photos = await readPhotos(foldersOf(config));
  const { width, height, variants, seed } = options;
  const degradation = degradationNamed(config.data.degradation);
  const folder = join(out, "samples");
  const of = { photos, source, width, height, variants, seed, degradation, folder };
  const samples = await coverageSamples({ ...of, report: say, signal }).catch((error) => {
    if (!signal.aborted) throw error;
    return undefined;
  });
  await segmenter.release();
  if (!samples) {
    say("interrupted; the same command goes on where it was");
    return INTERRUPTED;
  }
  const { weights, average } = await trainCoverage({ ...options, ...shared(args, config, signal), samples });
  const path = join(out, "network.safetensors");
  const code = await finish(path, weights, average, options.steps, signal, COVERAGE_NETWORK.name);
  if (code === 0) {
    await bundleCoverageModel(args.name, config.network, path, join(out, args.name));
    say(`${join(out, args.name)}: write its CARD.md before you pass it on`);
  }
  return code;
}

async function maskSource(
  { masks, sam, regions }: { masks: string; sam?: string; regions: CoverageConfig["regions"] },
  segmenter: Segmenter,
): Promise<MaskSource> {
  if (masks === "sam") return samSource(segmenter, (await findSam(sam)).name);
  if (sam !== undefined) throw new UsageError("--sam goes with --masks sam");
  if (masks === "regions") return regionsSource(regions);
  const facts = await stat(masks).catch(() => undefined);
  if (facts?.isDirectory()) return maskFilesSource(masks);
  throw new SamsrError(`--masks ${masks}: no such folder; expected regions, sam, or a folder of masks`);
}

/** What is shipped is the moving average; an interrupted run keeps its state for --resume instead. */
async function finish(
  path: string,
  weights: Weights,
  average: Float32Array,
  steps: number,
  signal: AbortSignal,
  network: string,
): Promise<number> {
  if (signal.aborted) {
    say("interrupted; go on with --resume");
    return INTERRUPTED;
  }
  const metadata = { network, steps: String(steps) };
  await saveWeights(path, weights, average, { precision: "float32", metadata });
  say(path);
  return 0;
}

/** The JSON Schema of training configurations, for editors. */
export function schemaCommand(): number {
  process.stdout.write(`${JSON.stringify(configSchema(), null, 2)}\n`);
  return 0;
}
