/** Training: from a configuration to weights, to a model's folder. */
export { writeBlend } from "./blend.js";
export { type BundledStudent, bundleCoverageModel, bundledStudent, bundleModel } from "./bundle.js";
export * from "./config/index.js";
export { type ConfigArguments, configFor, runConfig } from "./config/run-config.js";
export { type DegradationName, degradationNamed } from "./data/degradations.js";
export { IncompleteConfig, runTraining, type TrainingRun } from "./run/index.js";
