/** What all kinds of training run have in common, beside their configuration. */
import { join } from "node:path";
import type { OptionType } from "../../base/arguments.js";
import { SamsrError } from "../../base/errors.js";
import { toldMetadata } from "../../checkpoints/index.js";
import type { Device } from "../../runtime/index.js";
import { saveWeights } from "../checkpoint.js";
import { type TrainingConfig, toldOf } from "../config/index.js";
import type { NoiseRecipe } from "../data/batch-noise.js";
import type { Batches } from "../data/batches.js";
import type { CropWay } from "../data/crop-ways.js";
import type { DegradationName } from "../data/degradations.js";
import { holdsPairs } from "../data/saved-pairs.js";
import { startBatches } from "../data/threaded-batches.js";
import type { DataOptions } from "../data/worker.js";
import type { FlatWeights } from "../weights.js";

export interface TrainingRun {
  /** The folder of its state, logs and weights. */
  readonly out: string;
  /** Whether it goes on with the state in its folder; default false. */
  readonly resume?: boolean;
  /** Every so many steps the moving average is kept by itself; default: never. */
  readonly keepEvery?: number;
  /** Told of each file of weights that is kept so, and of its step; the next step waits for it. */
  readonly onKept?: (weights: string, step: number) => Promise<void>;
  /**
   * Minutes between two times that it saves itself, and its moving average as `weights.safetensors`; default:
   * by steps.
   */
  readonly saveMinutes?: number;
  /** Where the training runs; default "cpu". */
  readonly device?: Device;
  /** Threads of the network on the CPU; default: one for each core. */
  readonly threads?: number;
  /** Threads that make batches, beside those of the network; default 1. */
  readonly dataThreads?: number;
  /**
   * Asked for over the configuration: saved pairs are degraded already, and are degraded again only for this.
   */
  readonly degradation?: DegradationName;
  /**
   * Whether a student's run ends when all is made that can be before its first step, the masks of its crops
   * by Segment Anything among it; default false.
   */
  readonly prepare?: boolean;
  /** The Segment Anything of a coverage network's masks `sam`; default: the one that is installed. */
  readonly sam?: string;
  /** What a coverage network's model calls itself; default "coverage". */
  readonly name?: string;
  /** Takes each line of what happens, for people; default: nobody. */
  readonly report?: (line: string) => void;
  /** Aborting saves the state and ends the run after the step under way. */
  readonly signal?: AbortSignal;
}

export const TRAINING_RUN = {
  out: "string",
  resume: "boolean",
  keepEvery: "number",
  onKept: "function",
  saveMinutes: "number",
  device: "string",
  threads: "number",
  dataThreads: "number",
  degradation: "string",
  prepare: "boolean",
  sam: "string",
  name: "string",
  report: "function",
  signal: "signal",
} as const satisfies Record<keyof TrainingRun, OptionType>;

/** A configuration lacks what its run needs. */
export class IncompleteConfig extends SamsrError {
  /** Makes the error of a missing field. @param field such as "data.photos" */
  constructor(
    readonly train: TrainingConfig["train"],
    readonly field: string,
  ) {
    super(`a configuration to train a ${train} needs "${field}"`);
  }
}

/** Returns the value of a field that a run needs. @throws IncompleteConfig when it is not there */
export function demandField<T>(config: TrainingConfig, field: string, value: T | undefined): T {
  if (value === undefined) throw new IncompleteConfig(config.train, field);
  return value;
}

/** Returns what every trainer takes of a run. */
export function trainerOptions(settings: TrainingConfig, run: TrainingRun) {
  const { out, resume = false, keepEvery, onKept, saveMinutes, threads, device, signal } = run;
  return {
    ...{ out, resume, keepEvery, onKept, saveMinutes, signal, settings },
    ...{ saveEvery: 250, reportEvery: 50, report: (line: string) => run.report?.(line) },
    metadata: toldMetadata(toldOf(settings)),
    session: { threads, device, spinning: false },
  };
}

/** How the batches of a run are made. */
interface BatchRecipe {
  readonly degradation: DegradationName;
  readonly pool?: number;
  readonly batch: number;
  readonly crop: number;
  /** How crops are made of photos; default "cut". */
  readonly crops?: CropWay;
  readonly seed: number;
}

/**
 * Trains on batches that threads of their own make of a configuration's photos.
 * @param noise what the batches bring beside pictures
 * @param kept files of what was made before the first step: `coverageFiles`, the masks of whole photos, for
 *   noise that follows them, and `taughtFiles`, the second teacher's pictures
 */
export async function onBatches<T>(
  config: TrainingConfig,
  recipe: BatchRecipe,
  run: TrainingRun,
  noise: NoiseRecipe | undefined,
  train: (batches: Batches) => Promise<T>,
  kept: Pick<DataOptions, "coverageFiles" | "taughtFiles"> = {},
): Promise<T> {
  const folders = demandField(config, "data.photos", config.data.photos);
  const { pool, batch, crop, crops, seed } = recipe;
  const saved = (await Promise.all(folders.map(holdsPairs))).some(Boolean);
  const degradation = saved ? run.degradation : recipe.degradation;
  const skip = (file: string, reason: string) => run.report?.(`skipped ${file}: ${reason}`);
  const of = {
    folders,
    degradation,
    pool,
    batch,
    crop,
    crops,
    seed,
    noise,
    ...kept,
    threads: run.dataThreads,
  };
  const batches = await startBatches(of, skip);
  run.report?.(`${batches.count} ${batches.kind}`);
  try {
    return await train(batches);
  } finally {
    await batches.close();
  }
}

/**
 * Writes the weights of a run that is done: what is shipped is the moving average. An interrupted run keeps
 * its state instead, to be resumed.
 * @returns the file, or undefined for a run that was interrupted
 */
export async function finish(
  { out, signal, report }: TrainingRun,
  file: string,
  { weights, average }: { readonly weights: FlatWeights; readonly average: Float32Array },
  config: TrainingConfig,
): Promise<string | undefined> {
  if (signal?.aborted) {
    report?.("interrupted; go on with --resume");
    return undefined;
  }
  const path = join(out, file);
  const metadata = { ...toldMetadata(toldOf(config)), steps: String(config.optimiser.steps) };
  await saveWeights(path, weights, average, { precision: "float32", metadata });
  report?.(path);
  return path;
}
