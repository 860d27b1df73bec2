/** Pictures: files in and out, rasters, tensors, sizes, tiles. */
export { bleedColour } from "./alpha.js";
export {
  type Animation,
  type DecodeOptions,
  decode,
  type OpenedPicture,
  openPicture,
  type Picture,
} from "./decode.js";
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
export { formatLike, formatOfName, type InputFormat, type OutputFormat } from "./formats.js";
export { defaultLimits, type Limits } from "./limits.js";
export type { Metadata } from "./metadata/index.js";
export {
  alphaPlane,
  bitDepth,
  type Channels,
  checkRaster,
  createRaster,
  crop,
  flattenOnWhite,
  fromTensor,
  hasAlpha,
  type Raster,
  type Region,
  toEightBits,
  toRgb,
  toTensor,
} from "./raster.js";
export { type FileKind, recognise } from "./recognise.js";
export { recogniseFile } from "./recognise-file.js";
export { resample } from "./resample.js";
export { bicubicX4, cubic, type Kernel, kernels, resizePlanar } from "./resize.js";
export type { PictureSource } from "./source.js";
export {
  createMosaic,
  intoRaster,
  type Mosaic,
  planTiles,
  type RowsSink,
  type Tile,
  type TilePlan,
} from "./tiles.js";
export { checkWritable, type WriteOptions, writeFileAtomically } from "./write-file.js";
