export {
  DEFAULT_OVERLAP,
  DEFAULT_TILE,
  type Method,
  type Progress,
  type UpscaleInfo,
  type UpscaleSettings,
} from "./settings.js";
export { type UpscaledPicture, type UpscaleOptions, upscale } from "./upscale.js";
export {
  createUpscaler,
  DEFAULT_MODEL,
  type RunOptions,
  type Upscaler,
  type UpscalerOptions,
} from "./upscaler.js";
