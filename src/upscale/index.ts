export type { Method } from "../diffusion/index.js";
export type { Progress, UpscaleInfo, UpscaleSettings } from "./settings.js";
export { type UpscaledPicture, type UpscaleOptions, upscale } from "./upscale.js";
export {
  createUpscaler,
  DEFAULT_MODEL,
  type RunOptions,
  type Upscaler,
  type UpscalerOptions,
} from "./upscaler.js";
