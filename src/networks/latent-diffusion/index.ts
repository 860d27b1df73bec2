/**
 * Latent diffusion x4 ("bsr_sr"): a UNet that predicts noise, and the VQ autoencoder whose latents it works
 * on.
 */
import * as o from "../../onnx/index.js";
import { groupNormConstants } from "../constants.js";
import { defineNetwork, MOST_PIXELS, type Part } from "../definition.js";
import { modelAlone } from "../model.js";
import { VQ_AUTOENCODER } from "../vq-autoencoder/index.js";
import { decodeLatent, quantise } from "../vq-autoencoder/vq-autoencoder.js";
import { config, type LatentDiffusionFound, multipleOf, readLatentDiffusion } from "./config.js";
import { AUTOENCODER, averages, BUFFERS, sampled, UNET } from "./names.js";
import { published } from "./published.js";
import { latentUNet } from "./unet.js";

const NAME = "latent-diffusion";
const SIDE = 64;

/** The scope of a part by where it stands in a file. */
const inside = (prefix: string) => prefix.slice(0, -1);

export const LATENT_DIFFUSION = defineNetwork({
  name: NAME,
  title: "latent diffusion x4",
  config,
  readers: [readLatentDiffusion],
  constants: ({ channels, channelMult, blocks }) =>
    groupNormConstants(channels, channelMult, new Array(channelMult.length).fill(blocks), SIDE),
  parameters(p, { config, averaged }: LatentDiffusionFound) {
    const side = multipleOf(config);
    const latent = o.input("x", [1, config.autoencoder.latentChannels, side, side]);
    const inputs = [latent, o.input("t", [1]), o.input("lq", [1, 3, side, side])] as const;
    latentUNet(p.at(inside(UNET)), config, ...inputs);
    if (averaged) latentUNet(averages(p), config, ...inputs);
    VQ_AUTOENCODER.parameters(p.at(inside(AUTOENCODER)), { config: config.autoencoder });
  },
  runnable: sampled,
  ignored: BUFFERS,
  parts: ({ config }, options) => [
    {
      name: "denoiser",
      summary: "latent x, timestep t, small picture lq -> the noise in x, eps",
      sized: { input: "x", standard: SIDE, multiple: multipleOf(config), most: MOST_PIXELS / 16 },
      build(p, { height, width }, batch) {
        const { latentChannels } = config.autoencoder;
        const x = o.input("x", [batch, latentChannels, height, width]);
        const lq = o.input("lq", [batch, 3, height, width]);
        return { eps: latentUNet(p.at(inside(UNET)), config, x, o.input("t", [batch]), lq) };
      },
    },
    ...VQ_AUTOENCODER.parts({ config: config.autoencoder }, options).map(
      ({ build, ...part }): Part => ({
        ...part,
        build: (p, size, batch) => build(p.at(inside(AUTOENCODER)), size, batch),
      }),
    ),
  ],
  cost: () => ({ per: `a latent of ${SIDE} x ${SIDE}`, runs: [{ part: "denoiser", batch: 1 }] }),
  describe: ({ channels, channelMult, blocks }) =>
    `${channels} channels times ${channelMult.join(", ")}, ${blocks} residual blocks a level`,
  goodFor: () =>
    "photos as they come, with invented detail, at a very high cost: some sixteen steps of a large network",
  model: modelAlone(NAME, config, "network"),
  published,
  upscaling: {
    by: "diffusing latents",
    multiple: (config) => multipleOf(config),
    channels: ({ autoencoder }) => autoencoder.latentChannels,
    noise: { steps: 1000, first: 0.0015, last: 0.0155 },
    predict: (p, config, { x, t, lq }) => latentUNet(p.at(inside(UNET)), config, x, t, lq),
    decode(p, { autoencoder }, latent) {
      const own = p.at(inside(AUTOENCODER));
      return decodeLatent(own, autoencoder, quantise(own, autoencoder, latent).quantised);
    },
  },
});
