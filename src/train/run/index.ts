/** A training run from its configuration to a file of weights: what `samsr train` calls. */
import type { TrainingConfig } from "../config/index.js";
import { runAutoencoder } from "./autoencoder.js";
import { runCoverage } from "./coverage.js";
import { runStudent, runTeacher } from "./denoiser.js";
import type { TrainingRun } from "./training-run.js";

export { IncompleteConfig, type TrainingRun } from "./training-run.js";

/**
 * Trains as a configuration says, on the photos that it names; `run.out` then holds the run's state, its logs
 * and its weights.
 *
 * @returns the file of the weights, a moving average; undefined for a run that `run.signal` has interrupted,
 * which goes on with `resume`
 * @throws IncompleteConfig when the configuration lacks what such a run needs; SamsrError for files that are
 * missing or damaged, a folder that holds a run already, or a step that fails again and again
 */
export async function runTraining(config: TrainingConfig, run: TrainingRun): Promise<string | undefined> {
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
