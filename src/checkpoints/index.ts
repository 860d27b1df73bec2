export type {
  LatentModel,
  ModelDescription,
  PixelModel,
  ScheduleDescription,
} from "./description.js";
export {
  BUNDLED,
  findModel,
  type InstalledModel,
  listModels,
  loadModelWeights,
} from "./models.js";
export { readCheckpoint, readShapes } from "./open.js";
export { type PthCheckpoint, type PthTensor, type PthValue, readPth } from "./pth.js";
export { readSafetensors, type Tensors, writeSafetensors } from "./safetensors.js";
export { type Shapes, shapesOf, stateDictOf, withoutPrefixes } from "./state-dict.js";
