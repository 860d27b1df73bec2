export {
  COVERAGE_TINY,
  type CoverageNetworkConfig,
  coverageConfigOf,
  coverageMultiple,
  coverageNetwork,
} from "./coverage-network.js";
export { type DiscriminatorConfig, discriminator } from "./discriminator.js";
export {
  bicubicLatent,
  fromLatent,
  LATENT_CHANNELS,
  pixelDenoiser,
  SCALE,
  TINY,
  TINY_MULTIPLE,
  toLatent,
} from "./pixel-denoiser.js";
export * from "./sam/index.js";
export { type SwinUNetConfig, sizeMultiple, swinUNet, swinUNetFeatures } from "./swin-unet.js";
export { decode, encode, quantise, type VqConfig } from "./vq-autoencoder.js";
