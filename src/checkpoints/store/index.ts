/** Installed models, in folders: for Node alone, which is why `checkpoints/index.ts` leaves it out. */
export { type AddOptions, addModel } from "./add.js";
export { blendModels } from "./blend.js";
export {
  findModel,
  type InstalledModel,
  listModels,
  surveyModels,
} from "./find.js";
export { type FoundWeights, findWeights } from "./find-weights.js";
export { BUNDLED, storeFolder } from "./places.js";
export { PUBLISHED } from "./published.js";
export { downloadPath, type PullOptions, pullModel } from "./pull.js";
export { type RemovedModel, removeModel } from "./remove.js";
export { locateWeights } from "./stored-weights.js";
export { modelsThatUse } from "./uses.js";
export { loadModelWeights } from "./weights.js";
