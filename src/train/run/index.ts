/** A training run from its configuration to a file of weights: what `samsr train` calls. */
import { mkdir, rmdir } from "node:fs/promises";
import { join } from "node:path";
import { checkOptions, checkText } from "../../base/arguments.js";
import { whileLocked } from "../../base/lock.js";
import { checkedConfig, type TrainingConfig } from "../config/index.js";
import { runAutoencoder } from "./autoencoder.js";
import { runCoverage } from "./coverage.js";
import { runStudent, runTeacher } from "./denoiser.js";
import { TRAINING_RUN, type TrainingRun } from "./training-run.js";

export { IncompleteConfig, type TrainingRun } from "./training-run.js";

/**
 * Trains as a configuration says, on the photos that it names; `run.out` then holds the run's state, its logs
 * and its weights.
 *
 * @returns the file of the weights, a moving average; undefined for a run that `run.signal` has interrupted,
 * which goes on with `resume`
 * @throws IncompleteConfig when the configuration lacks what such a run needs; SamsrError for files that are
 * missing or damaged, a folder that holds a run already or in which another process trains, or a step that
 * fails again and again
 */
export async function runTraining(config: TrainingConfig, run: TrainingRun): Promise<string | undefined> {
  const checked = checkedConfig(config, "the training configuration");
  checkOptions("runTraining", run, TRAINING_RUN);
  checkText("runTraining: out", run.out);
  return whileTraining(run.out, run.signal, (signal) => trainInFolder(checked, { ...run, signal }));
}

/**
 * Does the work while no other process works in a run's folder, which is made if it is missing.
 * @param work told by its signal when to stop
 * @throws LockedError when another process trains there; what the work throws
 */
export async function whileTraining<T>(
  out: string,
  signal: AbortSignal | undefined,
  work: (signal: AbortSignal) => Promise<T>,
): Promise<T> {
  const made = await mkdir(out, { recursive: true });
  const task = { what: `the run in ${out}`, doing: "trained" };
  return whileLocked(join(out, ".lock"), task, signal, work).catch(async (error) => {
    // A folder that nothing came of.
    if (made !== undefined) await rmdir(out).catch(() => {});
    throw error;
  });
}

/** Does what {@link runTraining} does, for those who hold the folder already. */
export async function trainInFolder(config: TrainingConfig, run: TrainingRun): Promise<string | undefined> {
  switch (config.train) {
    case "teacher":
      return runTeacher(config, run);
    case "student":
      return runStudent(config, run);
    case "autoencoder":
      return runAutoencoder(config, run);
    case "coverage":
      return runCoverage(config, run);
  }
}
