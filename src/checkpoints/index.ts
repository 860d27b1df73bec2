export type { Part, ScheduleDescription, Shapes, Size } from "../networks/index.js";
export * from "./authors-config/index.js";
export { blendWeights, type NamedWeights } from "./blend.js";
export { type Converted, type ConvertOptions, convert, partsOf, planConvert, type Sides } from "./convert.js";
export {
  type AutoencoderModel,
  type CoverageModel,
  type DirectModel,
  enlarges,
  type HeldNetwork,
  isModelOf,
  type LatentModel,
  type ModelDescription,
  networkOf,
  networksIn,
  type OnnxFileModel,
  type PixelModel,
  type UpscalingModel,
} from "./description.js";
export { examineOnnx, type OnnxFileOptions } from "./onnx-file/index.js";
export {
  type Checkpoint,
  openCheckpoint,
  type RecognisedCheckpoint,
  readCheckpoint,
  readShapes,
  recogniseCheckpoint,
} from "./open.js";
export { parseDescription } from "./parse-description.js";
export { type PthCheckpoint, type PthTensor, type PthValue, readPth } from "./pth.js";
export { isNetwork, type Recognised, recogniseNetwork } from "./recognise.js";
export {
  readSafetensors,
  type SafetensorsOptions,
  safetensorsPieces,
  type Tensors,
  writeSafetensors,
} from "./safetensors.js";
export type { CheckpointFile } from "./source.js";
export { shapesOf, stateDictOf, withoutPrefixes } from "./state-dict.js";
export { type Told, toldIn, toldMetadata } from "./told.js";
