/**
 * samsr in a page: pictures enlarged in workers of the visitor's own browser, from the same code as the
 * command's. `samsr/web/compare` has the element that shows a picture before and after.
 */
export { SamsrError } from "../base/errors.js";
export type { Raster } from "../image/raster.js";
export type { Progress, UpscaleInfo, UpscaleSettings } from "../upscale/settings.js";
export type { JobOptions } from "../upscale/upscaler.js";
export { type DeviceTrial, tryDevices } from "./devices.js";
export { fromImageData, toImageData } from "./image-data.js";
export { detailOf, type ModelSource, openModel, openUpscalingModel, type PageModel } from "./model.js";
export {
  type PageEncodeOptions,
  type PageFormat,
  type PagePicture,
  pageFormatLike,
} from "./picture-types.js";
export { decodePicture, encodePicture } from "./pictures.js";
export {
  createUpscaler,
  defaultThreads,
  type PageInput,
  type PageResult,
  startPictureThread,
  type WebUpscaler,
  type WebUpscalerOptions,
} from "./upscaler.js";
