/**
 * samsr as a library: enlarge pictures (files or bytes) with `upscale`, pixels with `createUpscaler`. The
 * floors below have entries of their own: samsr/onnx, samsr/runtime, samsr/nn, samsr/networks,
 * samsr/checkpoints, samsr/diffusion, samsr/semantics.
 */
export { SamsrError } from "./base/errors.js";
export type { ModelDescription, UpscalingModel } from "./checkpoints/index.js";
export {
  type AddOptions,
  addModel,
  findModel,
  type InstalledModel,
  listModels,
  PUBLISHED,
  type PullOptions,
  pullModel,
  type RemovedModel,
  removeModel,
  storeFolder,
} from "./checkpoints/store/index.js";
export type { Variant } from "./diffusion/index.js";
export {
  type Animation,
  type Channels,
  createRaster,
  type DecodeOptions,
  decode,
  defaultLimits,
  type EncodeOptions,
  encode,
  encodePages,
  encodeToFile,
  encodingLosses,
  type FileKind,
  holdsPages,
  type InputFormat,
  type Limits,
  type Metadata,
  type OpenedPicture,
  type OutputFormat,
  openPicture,
  type Picture,
  type PictureSource,
  type Raster,
  recognise,
  recogniseFile,
} from "./image/index.js";
export { type DeviceState, listDevices } from "./runtime/index.js";
export {
  type Coverage,
  type CoverageSummary,
  coverageOf,
  type MaskSet,
  masksFromLabels,
  prepareMasks,
  type Regions,
  segmentRegions,
} from "./semantics/index.js";
export { readMasks } from "./semantics/mask-files.js";
export * from "./upscale/index.js";
