/**
 * The networks: the list of all, and the functions of each, for whoever builds with them.
 */
import type { Network } from "./definition.js";
import * as list from "./list.js";

/** Every network that a file may hold. A new one is a folder beside this file, and a line of `list.ts`. */
export const NETWORKS: readonly Network[] = Object.values(list);
export type KnownNetwork = (typeof list)[keyof typeof list];

export { SCALE } from "../base/scale.js";
export {
  COVERAGE_TINY,
  type CoverageNetworkConfig,
  coverageConfigOf,
  coverageMultiple,
} from "./coverage-network/config.js";
export { coverageNetwork } from "./coverage-network/coverage-network.js";
export type {
  Companion,
  CountedRuns,
  Network,
  Part,
  PartOptions,
  Published,
  ReadConfig,
  Size,
} from "./definition.js";
export { type DirectJson, defineDirectNetwork } from "./direct.js";
export {
  type DiscriminatorConfig,
  discriminator,
  discriminatorFields,
} from "./discriminator/discriminator.js";
export * from "./list.js";
export type { CommonDescription, JsonOf } from "./model.js";
export {
  COLOURS,
  LAYOUTS,
  NUMBERS,
  type OnnxFileConfig,
  RANGE_NAMES,
  RANGES,
  type ValueRange,
} from "./onnx-file/config.js";
export { pixelDenoiser, TINY, TINY_MULTIPLE } from "./pixel-denoiser/pixel-denoiser.js";
export { bicubicLatent, fromLatent, LATENT_CHANNELS, toLatent } from "./pixel-latents.js";
export * as processFields from "./process.js";
export { type ScheduleDescription, type Training, trainingIn } from "./process.js";
export { gridOf, SAM_VIT_B, type SamConfig, samConfigOf } from "./segment-anything/config.js";
export { imageEncoder } from "./segment-anything/image-encoder.js";
export {
  type DecodedTokens,
  decodeTokens,
  type MaskDecoderInputs,
  type Masks,
  maskDecoder,
  paintMasks,
} from "./segment-anything/mask-decoder.js";
export { maskLogits } from "./segment-anything/mask-logits.js";
export { encoderInput, fittedSize, PIXEL_DEVIATION, PIXEL_MEAN } from "./segment-anything/preprocess.js";
export { LABELS, type Prompts } from "./segment-anything/prompt-encoder.js";
export type { Shapes } from "./shapes.js";
export { differingSize, type SwinUNetConfig, sizeMultiple } from "./swin-unet/config.js";
export { swinUNet, swinUNetFeatures } from "./swin-unet/swin-unet.js";
export type {
  Autoencoding,
  Denoising,
  Diffusing,
  Direct,
  Guided,
  Guiding,
  InFile,
  Upscaling,
} from "./upscaling.js";
export { factorOf, type VqConfig } from "./vq-autoencoder/config.js";
export { decodeLatent, encodeLatent, quantise } from "./vq-autoencoder/vq-autoencoder.js";
