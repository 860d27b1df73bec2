/**
 * The denoiser of pixels that `samsr train` makes: a Swin UNet, trained with whole masks on latents of 48
 * channels.
 */
import { type Filled, number, optional } from "../../base/fields.js";
import { defineNetwork, type NetworkModel } from "../definition.js";
import { modelJsonWith, weightsFile } from "../model.js";
import { bicubicLatent, LATENT_CHANNELS } from "../pixel-latents.js";
import { m, method, schedule, trained, variant } from "../process.js";
import { config, type SwinUNetConfig, sizeMultiple } from "../swin-unet/config.js";
import { denoiserPart, describeSwinUNet, swinUNetConstants, swinUNetParameters } from "../swin-unet/parts.js";
import { readSwinUNet, SWIN_BUFFERS } from "../swin-unet/read.js";
import { pixelDenoiser } from "./pixel-denoiser.js";

const NAME = "pixel-denoiser";

const detail = optional(
  number("With a sharp end, which is at detail 1, the detail that the student is at, less than 1.", 0, 0.99),
);

// With a sharp end, any detail lies on the line through it and the student, which is what runs unless told.
const json = modelJsonWith(
  NAME,
  { config, schedule, m, method: optional(method), variant: optional(variant), ...trained, detail },
  ["student", "teacher"],
  { sharp: optional(weightsFile) },
);

const model: NetworkModel<{ readonly config: SwinUNetConfig }, Filled<typeof json>> = {
  kind: NAME,
  json,
  // The student takes one step, the teacher a chain of them.
  weights: { student: "self", sharp: "self", teacher: "self" },
  refusal: () =>
    'this denoiser of pixels is one of a student and a teacher; "samsr train bundle" makes a model ' +
    "of them, " +
    "which needs no adding: --model takes its folder",
};

export const PIXEL_DENOISER = defineNetwork({
  name: NAME,
  title: "the denoiser of pixels that samsr trains",
  config,
  readers: [
    (shapes): { readonly config: SwinUNetConfig } | undefined => {
      const found = readSwinUNet(shapes);
      if (found?.config.outChannels !== LATENT_CHANNELS) return undefined;
      return { config: { ...found.config, swin: { ...found.config.swin, masking: "neighbours" } } };
    },
  ],
  constants: swinUNetConstants,
  parameters: (p, { config }) => swinUNetParameters(p, config, 3),
  ignored: SWIN_BUFFERS,
  parts: ({ config }) => [
    denoiserPart(config, 3, (p, config, { x, t, lq }) =>
      pixelDenoiser(p, config, x, t, lq, bicubicLatent(lq)),
    ),
  ],
  describe: describeSwinUNet,
  model,
  upscaling: {
    by: "denoising pixels",
    multiple: sizeMultiple,
    denoise: (p, config, { x, t, lq, y }) => pixelDenoiser(p, config, x, t, lq, y),
  },
});
