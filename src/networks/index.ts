/**
 * The networks. A network is one folder that defines it, and one line of {@link NETWORKS}; what else is exported here are
 * their functions, for whoever builds with them.
 */
import { COVERAGE_NETWORK } from "./coverage-network/index.js";
import { PIXEL_DENOISER } from "./pixel-denoiser/index.js";
import { SEGMENT_ANYTHING } from "./segment-anything/index.js";
import { SWIN_UNET } from "./swin-unet/index.js";
import { VQ_AUTOENCODER } from "./vq-autoencoder/index.js";

/** Every network that a file may hold, in the order in which a checkpoint is compared with them. */
export const NETWORKS = [
  SWIN_UNET,
  PIXEL_DENOISER,
  VQ_AUTOENCODER,
  SEGMENT_ANYTHING,
  COVERAGE_NETWORK,
] as const;

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
  Cost,
  Found,
  Network,
  Part,
  PartOptions,
  Published,
  Size,
  Training,
} from "./definition.js";
export {
  type DiscriminatorConfig,
  discriminator,
  discriminatorFields,
} from "./discriminator/discriminator.js";
export type { Described, JsonOf } from "./model.js";
export { pixelDenoiser, TINY, TINY_MULTIPLE } from "./pixel-denoiser/pixel-denoiser.js";
export { bicubicLatent, fromLatent, LATENT_CHANNELS, toLatent } from "./pixel-latents.js";
export type { ScheduleDescription } from "./process.js";
export * as process from "./process.js";
export * from "./segment-anything/index.js";
export type { Shapes } from "./shapes.js";
export { type SwinUNetConfig, sizeMultiple } from "./swin-unet/config.js";
export { swinUNet, swinUNetFeatures } from "./swin-unet/swin-unet.js";
export type { Denoising, Direct, Upscaling } from "./upscaling.js";
export { factorOf, type VqConfig } from "./vq-autoencoder/config.js";
export { decode, encode, quantise } from "./vq-autoencoder/vq-autoencoder.js";
export { COVERAGE_NETWORK, PIXEL_DENOISER, SWIN_UNET, VQ_AUTOENCODER };
