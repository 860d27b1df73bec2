/** Measuring pictures and comparing methods. */
export { type CompareOptions, comparePicture, meansOf, type Outcome } from "./compare.js";
export {
  type EvaluateOptions,
  evaluateFolder,
  type FolderEvaluation,
  type PictureEvaluation,
} from "./folders.js";
export {
  createMeasurer,
  type Judgements,
  type Measurer,
  type MeasurerOptions,
  readyMetrics,
  type Values,
} from "./measurer.js";
export { createMethods } from "./methods.js";
export * from "./metrics/index.js";
export {
  createPristineFit,
  niqe,
  type PristineFit,
  type PristineModel,
  readPristineModel,
  writePristineModel,
} from "./niqe/niqe.js";
export {
  type EnlargeMethod,
  type MethodScore,
  type PhotoResults,
  type ScoreOptions,
  type Scores,
  scoreMethods,
} from "./score.js";
