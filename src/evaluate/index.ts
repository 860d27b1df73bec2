/** Measuring pictures and comparing methods. */
export { type CompareOptions, comparePicture, meansOf, type Outcome } from "./compare.js";
export {
  type EvaluateOptions,
  evaluateFolder,
  type FolderEvaluation,
  measure,
  type PictureEvaluation,
  type Values,
} from "./folders.js";
export { createMethods } from "./methods.js";
export * from "./metrics/index.js";
export { niqe, type PristineModel, readPristineModel } from "./niqe/niqe.js";
export {
  type EnlargeMethod,
  type MethodScore,
  type PhotoResults,
  type ScoreOptions,
  type Scores,
  scoreMethods,
} from "./score.js";
