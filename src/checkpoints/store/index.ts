/** Installed models, in folders: for Node alone, which is why `checkpoints/index.ts` leaves it out. */
export { type AddOptions, addModel } from "./add.js";
export { type BlendOptions, blendModels } from "./blend.js";
export {
  type DamagedModel,
  findModel,
  type InstalledModel,
  listModels,
  surveyModels,
} from "./find.js";
export { type FoundWeights, findWeights, type WantedWeights } from "./find-weights.js";
export { BUNDLED, storeFolder } from "./places.js";
export { PUBLISHED, type PublishedFile } from "./published.js";
export { downloadPath, type PullOptions, pullModel } from "./pull.js";
export { type RemovedModel, removeModel } from "./remove.js";
export { locateWeights, type StoredWeights } from "./stored-weights.js";
export { modelsThatUse } from "./uses.js";
export { loadModelWeights } from "./weights.js";
