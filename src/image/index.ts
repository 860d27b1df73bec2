export * from "./alpha.js";
export * from "./decode.js";
export { encode, encodeToFile } from "./encode.js";
export { encodePages, holdsPages } from "./encode-pages.js";
export {
  checkEncodable,
  defaultQuality,
  type EncodeOptions,
  encodingLosses,
  holdsSixteenBits,
  sideLimit,
} from "./encoding.js";
export * from "./formats.js";
export { defaultLimits, type Limits } from "./limits.js";
export type { Metadata } from "./metadata/index.js";
export * from "./raster.js";
export { type FileKind, recognise } from "./recognise.js";
export { recogniseFile } from "./recognise-file.js";
export * from "./resample.js";
export * from "./resize.js";
export type { PictureSource } from "./source.js";
export * from "./tiles.js";
export * from "./write-file.js";
