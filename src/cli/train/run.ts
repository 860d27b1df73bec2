/** `samsr train KIND`: a configuration of file and options, and its run. */
import type { Device } from "../../runtime/index.js";
import { configSchema, type Kind } from "../../train/config/index.js";
import { type ConfigArguments, configFor } from "../../train/config/run-config.js";
import type { DegradationName } from "../../train/data/degradations.js";
import { IncompleteConfig, trainInFolder, whileTraining } from "../../train/run/index.js";
import { UsageError } from "../report.js";
import { printJson, say } from "../streams.js";

export interface TrainArguments extends ConfigArguments {
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

/** @returns the exit code: 0, or 130 for a run that was interrupted */
export function trainCommand(kind: Kind, args: TrainArguments, signal: AbortSignal): Promise<number> {
  // From before its configuration is written: that of a run under way stays.
  return whileTraining(args.out, signal, (signal) => train(kind, args, signal));
}

async function train(kind: Kind, args: TrainArguments, signal: AbortSignal): Promise<number> {
  const config = await configFor(kind, args, say);
  if (config.train === "coverage" && args.sam !== undefined && config.masks !== "sam") {
    throw new UsageError("--sam goes with --masks sam");
  }
  try {
    const { out, resume, keepEvery, saveMinutes, device, threads, dataThreads, sam, name } = args;
    const done = await trainInFolder(config, {
      ...{ out, resume, keepEvery, saveMinutes, device, threads, dataThreads, sam, name },
      degradation: args.degradation as DegradationName | undefined,
      report: say,
      signal,
    });
    return done === undefined ? INTERRUPTED : 0;
  } catch (error) {
    if (!(error instanceof IncompleteConfig)) throw error;
    const { field } = error;
    throw new UsageError(`samsr train ${kind} needs ${OPTION_OF[field]}, or ${field} in its configuration`);
  }
}

/** The JSON Schema of training configurations, for editors. */
export function schemaCommand(): number {
  printJson(configSchema());
  return 0;
}
