/** What the two denoisers that are a Swin UNet have in common: they differ in what they add to its output. */
import type { Scope } from "../../nn/index.js";
import * as o from "../../onnx/index.js";
import { groupNormConstants } from "../constants.js";
import type { Part } from "../definition.js";
import type { DenoiserInputs } from "../upscaling.js";
import { type SwinUNetConfig, sizeMultiple } from "./config.js";
import { swinUNet } from "./swin-unet.js";

/** Asks the scope for every parameter of a Swin UNet whose condition has `lqChannels`. */
export function swinUNetParameters(p: Scope, config: SwinUNetConfig, lqChannels: number): void {
  const side = sizeMultiple(config);
  const map = (name: string, channels: number) => o.input(name, [1, channels, side, side]);
  swinUNet(p, config, map("x", config.outChannels), o.input("t", [1]), map("lq", lqChannels));
}

/** Tells how many numbers the masks and the normalisations of a Swin UNet have, of the two the more. */
export function swinUNetConstants(config: SwinUNetConfig): number {
  const { swin, channelMult, resBlocks, modelChannels } = config;
  const side = sizeMultiple(config);
  // Each level's mask has a row of window x window for every pixel.
  const pixels = channelMult.reduce((sum, _, level) => sum + (side / 2 ** level) ** 2, 0);
  const masks = (2 * pixels + resBlocks.reduce((a, b) => a + b)) * swin.depth * swin.window ** 2;
  return Math.max(masks, groupNormConstants(modelChannels, channelMult, resBlocks, side));
}

/** Returns the only part of a denoiser. */
export function denoiserPart(
  config: SwinUNetConfig,
  lqChannels: number,
  denoise: (p: Scope, config: SwinUNetConfig, inputs: Omit<DenoiserInputs, "y">) => o.Value,
): Part {
  const multiple = sizeMultiple(config);
  return {
    name: "denoiser",
    summary: "noisy latent x, timestep t and low-resolution image lq -> the clean latent y",
    sized: {
      input: "x",
      standard: Math.ceil(config.imageSize / multiple) * multiple,
      multiple,
      most: 1024 ** 2,
    },
    build(p, { height, width }, batch) {
      const map = (name: string, channels: number) => o.input(name, [batch, channels, height, width]);
      const [x, t] = [map("x", config.outChannels), o.input("t", [batch])];
      return { y: denoise(p, config, { x, t, lq: map("lq", lqChannels) }) };
    },
  };
}

/** Describes the sizes of a Swin UNet, for people. */
export function describeSwinUNet(config: SwinUNetConfig): string {
  const { modelChannels, channelMult, resBlocks, outChannels, swin } = config;
  const levels = channelMult.map((mult) => mult * modelChannels).join(", ");
  const latents = `latents of ${outChannels} channels, sides in ${sizeMultiple(config)}s`;
  return (
    `levels of ${levels} channels, ${resBlocks.join(", ")} blocks each; ` +
    `Swin depth ${swin.depth}, ${swin.embed} channels, window ${swin.window}; ${latents}`
  );
}
