export type { Method } from "../diffusion/index.js";
export type { Progress, ResolvedSettings, UpscaleInfo, UpscaleSettings } from "./settings.js";
export {
  type EnlargedPicture,
  type MaskFiles,
  type UpscaledPicture,
  type UpscaleOptions,
  type UpscaleToFileOptions,
  upscale,
  upscaleToFile,
  type WantedSize,
} from "./upscale.js";
export {
  createUpscaler,
  DEFAULT_MODEL,
  type JobOptions,
  type Upscaler,
  type UpscalerOptions,
} from "./upscaler.js";
