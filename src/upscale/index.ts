export type { Method } from "../diffusion/index.js";
export { DEFAULT_MODEL } from "./default-model.js";
export type { EnlargedRaster, EnlargementFacts } from "./enlarge.js";
export type { Progress, ResolvedSettings, UpscaleInfo, UpscaleSettings } from "./settings.js";
export type { TracedStep } from "./trace.js";
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
export type { JobOptions, Upscaler } from "./upscaler.js";
export { createUpscaler, type UpscalerOptions } from "./upscaler-node.js";
