export {
  BUNDLED,
  findModel,
  type InstalledModel,
  listModels,
  loadModelWeights,
  type ModelDescription,
} from "./models.js";
export { type PthCheckpoint, type PthTensor, type PthValue, readPth } from "./pth.js";
export { readSafetensors, type Tensors, writeSafetensors } from "./safetensors.js";
export { stateDictOf } from "./state-dict.js";
