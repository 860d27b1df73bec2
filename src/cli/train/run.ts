/** `samsr train KIND`: a configuration of file and options, and its run. */
import type { Device } from "../../runtime/index.js";
import {
  configSchema,
  type Kind,
  type StudentConfig,
  type TrainingConfig,
} from "../../train/config/index.js";
import { type ConfigArguments, configFor } from "../../train/config/run-config.js";
import type { DegradationName } from "../../train/data/degradations.js";
import { IncompleteConfig, trainInFolder, whileTraining } from "../../train/run/index.js";
import { UsageError } from "../report.js";
import { printJson, say } from "../streams.js";
import type { Validation, ValidationWords } from "./validation.js";

export interface TrainArguments extends ConfigArguments, ValidationWords {
  readonly threads?: number;
  readonly keepEvery?: number;
  readonly saveMinutes?: number;
  readonly device?: Device;
  readonly dataThreads?: number;
  readonly prepare?: boolean;
  /** The name of a coverage network. */
  readonly name?: string;
}

/** The exit code by which a shell knows a program that SIGINT ended. */
const INTERRUPTED = 130;

/** The options that say what a configuration may leave out. */
const OPTION_OF: Readonly<Record<string, string>> = {
  "data.photos": "--data <folders...>",
  teacher: "--teacher <weights>",
  autoencoder: "--autoencoder <weights>",
};

/**
 * Runs `samsr train`.
 * @returns the exit code: 0, or 130 for a run that was interrupted
 */
export function trainCommand(kind: Kind, args: TrainArguments, signal: AbortSignal): Promise<number> {
  // From before its configuration is written: that of a run under way stays.
  return whileTraining(args.out, signal, (signal) => train(kind, args, signal));
}

async function train(kind: Kind, args: TrainArguments, signal: AbortSignal): Promise<number> {
  demandValidation(args);
  const config = await configFor(kind, args, say);
  if (config.train === "coverage" && args.sam !== undefined && config.masks !== "sam") {
    throw new UsageError("--sam goes with --masks sam");
  }
  let validation: Validation | undefined;
  try {
    validation = await validationOf(config, args, signal);
    const { out, resume, keepEvery, saveMinutes, device, threads, dataThreads, prepare, sam, name } = args;
    const done = await trainInFolder(config, {
      ...{ out, resume, keepEvery, saveMinutes, device, threads, dataThreads, prepare, sam, name },
      degradation: args.degradation as DegradationName | undefined,
      onKept: validation?.onKept,
      report: say,
      signal,
    });
    return done === undefined ? INTERRUPTED : 0;
  } catch (error) {
    if (!(error instanceof IncompleteConfig)) throw error;
    const { field } = error;
    throw new UsageError(`samsr train ${kind} needs ${OPTION_OF[field]}, or ${field} in its configuration`);
  } finally {
    await validation?.close();
  }
}

/**
 * Refuses options of validation that miss others.
 * @throws UsageError for words of validation that go with others which are missing
 */
function demandValidation({ validate, metrics, keepEvery }: TrainArguments): void {
  if (validate === undefined && metrics !== undefined) throw new UsageError("--metrics goes with --validate");
  if (validate !== undefined && keepEvery === undefined) {
    throw new UsageError("--validate goes with --keep-every: it measures what is kept");
  }
}

/** Returns what measures the weights that are kept; undefined where nobody asks for it. */
async function validationOf(
  config: TrainingConfig,
  { out, validate, metrics, threads }: TrainArguments,
  signal: AbortSignal,
): Promise<Validation | undefined> {
  if (validate === undefined) return undefined;
  const { openValidation } = await import("./validation.js");
  return openValidation(config as StudentConfig, out, { validate, metrics }, { threads, signal });
}

/** Prints the JSON Schema of training configurations, for editors. */
export function schemaCommand(): number {
  printJson(configSchema());
  return 0;
}
