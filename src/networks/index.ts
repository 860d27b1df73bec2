export { SCALE } from "../base/scale.js";
export {
  COVERAGE_TINY,
  type CoverageNetworkConfig,
  coverageConfigOf,
  coverageMultiple,
  coverageNetwork,
} from "./coverage-network/coverage-network.js";
export { type DiscriminatorConfig, discriminator } from "./discriminator/discriminator.js";
export {
  bicubicLatent,
  fromLatent,
  LATENT_CHANNELS,
  pixelDenoiser,
  TINY,
  TINY_MULTIPLE,
  toLatent,
} from "./pixel-denoiser/pixel-denoiser.js";
export * from "./segment-anything/index.js";
export type { Shapes } from "./shapes.js";
export { inputChannelsOf, SWIN_BUFFERS, swinUNetConfigOf } from "./swin-unet/read.js";
export { type SwinUNetConfig, sizeMultiple, swinUNet, swinUNetFeatures } from "./swin-unet/swin-unet.js";
export { vqConfigOf } from "./vq-autoencoder/read.js";
export { decode, encode, quantise, type VqConfig } from "./vq-autoencoder/vq-autoencoder.js";
