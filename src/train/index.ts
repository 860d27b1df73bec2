/** Training: from a configuration to weights, to a model's folder. */
export { writeBlend } from "./blend.js";
export { type BundleOptions, type BundleParts, bundleCoverageModel, bundleModel } from "./bundle.js";
export {
  type AutoencoderConfig,
  type ConfigOf,
  type CoverageConfig,
  checkedConfig,
  configSchema,
  type Kind,
  readTrainingConfig,
  type StudentConfig,
  type TeacherConfig,
  type TrainingConfig,
  tinyConfig,
} from "./config/index.js";
export { type ConfigArguments, configFor, runConfig } from "./config/run-config.js";
export { type DegradationName, degradationNamed } from "./data/degradations.js";
export { IncompleteConfig, runTraining, type TrainingRun } from "./run/index.js";
