export type { Shapes } from "../networks/index.js";
export * from "./authors-config/index.js";
export {
  type Converted,
  type ConvertOptions,
  convert,
  type Part,
  partsOf,
  planConvert,
  type Size,
} from "./convert/index.js";
export {
  type AutoencoderModel,
  type CoverageModel,
  enlarges,
  type LatentModel,
  type ModelDescription,
  type PixelModel,
  type ScheduleDescription,
  type SegmentationModel,
  type UpscalingModel,
} from "./description.js";
export { type Checkpoint, openCheckpoint, readCheckpoint, readShapes } from "./open.js";
export { parseDescription } from "./parse-description.js";
export { type PthCheckpoint, type PthTensor, type PthValue, readPth } from "./pth.js";
export { type Recognised, recognise } from "./recognise/index.js";
export {
  readSafetensors,
  safetensorsPieces,
  type Tensors,
  type WriteOptions,
  writeSafetensors,
} from "./safetensors.js";
export type { CheckpointFile } from "./source.js";
export { shapesOf, stateDictOf, withoutPrefixes } from "./state-dict.js";
