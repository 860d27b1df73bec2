/** Installed models, in folders: for Node alone, which is why `checkpoints/index.ts` leaves it out. */
export {
  type DamagedModel,
  findModel,
  type InstalledModel,
  isPlainName,
  listModels,
  surveyModels,
} from "./find.js";
export { BUNDLED, storeFolder } from "./places.js";
export { locateWeights, type StoredWeights } from "./stored-weights.js";
export { loadModelWeights } from "./weights.js";
