/** The autoencoder on whose latents the published denoisers work. */
import * as o from "../../onnx/index.js";
import { groupNormConstants } from "../constants.js";
import { defineNetwork, IMAGE_SIDE, MOST_PIXELS, type Part, type Size } from "../definition.js";
import { modelAlone } from "../model.js";
import { config, factorOf, type VqConfig } from "./config.js";
import { published } from "./published.js";
import { vqConfigOf } from "./read.js";
import { decodeLatent, encodeLatent, quantise } from "./vq-autoencoder.js";

const NAME = "vq-autoencoder";

export const VQ_AUTOENCODER = defineNetwork({
  name: NAME,
  title: "the VQ autoencoder",
  config,
  readers: [
    (shapes) => {
      const config = vqConfigOf(shapes);
      return config && { config };
    },
  ],
  constants(config) {
    const { channels, channelMult } = config;
    const blocks = channelMult.map(() => config.resBlocks);
    return groupNormConstants(channels, channelMult, blocks, factorOf(config));
  },
  parameters(p, { config }) {
    const side = factorOf(config);
    const z = encodeLatent(p, config, o.input("x", [1, 3, side, side]));
    decodeLatent(p, config, quantise(p, config, z).quantised);
  },
  ignored: /^(loss|model_ema)\.|^quantize\.(?!embedding\.weight$)/,
  parts: ({ config }, { imageSide = IMAGE_SIDE } = {}) => partsOf(config, imageSide),
  // The third part is another way through the decoder.
  cost: (config) => ({
    per: `a picture of ${pictureSide(config, IMAGE_SIDE)} x ${pictureSide(config, IMAGE_SIDE)}`,
    runs: [
      { part: "encode", batch: 1 },
      { part: "decode", batch: 1 },
    ],
  }),
  describe(config) {
    const { channels, channelMult, latentChannels, codes } = config;
    const levels = channelMult.map((mult) => mult * channels).join(", ");
    const latents = `latents of ${latentChannels} channels, ${factorOf(config)} times smaller`;
    return `levels of ${levels} channels; ${latents}; ${codes.toLocaleString("en-US")} codes`;
  },
  model: modelAlone(NAME, config, "autoencoder"),
  published,
  autoencoding: {
    channels: ({ latentChannels }) => latentChannels,
    encode: encodeLatent,
    decode: (p, config, latent) => decodeLatent(p, config, quantise(p, config, latent).quantised),
  },
});

function partsOf(config: VqConfig, imageSide: number): readonly Part[] {
  const factor = factorOf(config);
  const side = pictureSide(config, imageSide);
  const latents = { input: "z", standard: side / factor, multiple: 1, most: MOST_PIXELS / factor ** 2 };
  const latent = ({ height, width }: Size, batch: number) =>
    o.input("z", [batch, config.latentChannels, height, width]);
  return [
    {
      name: "encode",
      summary: "image x -> latent z",
      sized: { input: "x", standard: side, multiple: factor, most: MOST_PIXELS },
      build(p, { height, width }, batch) {
        return { z: encodeLatent(p, config, o.input("x", [batch, 3, height, width])) };
      },
    },
    {
      name: "decode",
      summary: "latent z, replaced by the nearest codes -> image y, and the codes' indices",
      sized: latents,
      build(p, size, batch) {
        const { quantised, indices } = quantise(p, config, latent(size, batch));
        return { y: decodeLatent(p, config, quantised), indices };
      },
    },
    {
      name: "decode-latent",
      summary: "latent z as it is -> image y",
      sized: latents,
      build: (p, size, batch) => ({ y: decodeLatent(p, config, latent(size, batch)) }),
    },
  ];
}

/** Returns the next side that divides by the factor. */
function pictureSide(config: VqConfig, side: number): number {
  const factor = factorOf(config);
  return Math.ceil(side / factor) * factor;
}
