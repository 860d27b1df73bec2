export {
  BUNDLED,
  findModel,
  type InstalledModel,
  listModels,
  loadModelWeights,
  type ModelDescription,
} from "./models.js";
export { readSafetensors, type Tensors, writeSafetensors } from "./safetensors.js";
