/**
 * A denoiser that works on pixels: each 4 x 4 block of the large image is one latent pixel of 48 channels
 * (space-to-depth), so the latent has the size of the low-resolution image and there is no autoencoder to
 * train or to run. The Swin UNet predicts what x0 has beyond the bicubic image.
 */
import type { Scope } from "../../nn/index.js";
import * as o from "../../onnx/index.js";
import { LATENT_CHANNELS } from "../pixel-latents.js";
import { type SwinUNetConfig, sizeMultiple } from "../swin-unet/config.js";
import { swinUNet } from "../swin-unet/swin-unet.js";

/** The bundled `samsr-tiny`. */
export const TINY: SwinUNetConfig = {
  outChannels: LATENT_CHANNELS,
  modelChannels: 64,
  channelMult: [1, 2, 2],
  resBlocks: [2, 1, 1],
  imageSize: 64,
  attentionResolutions: [32, 16],
  swin: { embed: 96, depth: 2, headChannels: 32, window: 8, mlpRatio: 2, masking: "neighbours" },
};

/** The number that the sides of a low-resolution image must divide by for {@link TINY}. */
export const TINY_MULTIPLE = sizeMultiple(TINY);

/**
 * Predicts x0 from x_t with a Swin UNet on blocks of pixels, as what it has beyond the bicubic image.
 * @param x [N, 48, H, W], the noisy latent scaled by 1 / sqrt(eta_t kappa^2 + 1)
 * @param t [N] timesteps
 * @param lq [N, 3, H, W] in [-1, 1]
 * @param y [N, 48, H, W], the bicubic image as a latent (`bicubicLatent(lq)`)
 * @returns x0 [N, 48, H, W] in [-1, 1]
 */
export function pixelDenoiser(
  p: Scope,
  config: SwinUNetConfig,
  x: o.Value,
  t: o.Value,
  lq: o.Value,
  y: o.Value,
) {
  return o.add(y, swinUNet(p, config, x, t, lq));
}
