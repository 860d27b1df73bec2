/** The denoiser of SAMSR, SinSR and ResShift. */
import { defineNetwork } from "../definition.js";
import { LATENT_CHANNELS } from "../pixel-latents.js";
import { config, sizeMultiple } from "./config.js";
import { model } from "./model.js";
import { denoiserPart, describeSwinUNet, swinUNetConstants, swinUNetParameters } from "./parts.js";
import { published } from "./published.js";
import { readSwinUNet, SWIN_BUFFERS } from "./read.js";
import { swinUNet } from "./swin-unet.js";

export const SWIN_UNET = defineNetwork({
  name: "swin-unet",
  title: "the Swin UNet of SAMSR, SinSR and ResShift",
  config,
  readers: [
    (shapes) => {
      const found = readSwinUNet(shapes);
      // On latents of as many channels it is our own denoiser of pixels.
      return found?.config.outChannels === LATENT_CHANNELS ? undefined : found;
    },
  ],
  constants: swinUNetConstants,
  parameters: (p, { config, lqChannels }) => swinUNetParameters(p, config, lqChannels),
  ignored: SWIN_BUFFERS,
  parts: ({ config, lqChannels = 3 }) => [
    denoiserPart(config, lqChannels, (p, config, { x, t, lq }) => swinUNet(p, config, x, t, lq)),
  ],
  describe: describeSwinUNet,
  model,
  published,
  upscaling: {
    by: "denoising latents",
    multiple: sizeMultiple,
    denoise: (p, config, { x, t, lq }) => swinUNet(p, config, x, t, lq),
  },
});
