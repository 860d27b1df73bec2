/** The graphs that the known networks are made of, each with named inputs and outputs: what `convert` writes. */
import {
  bicubicLatent,
  type CoverageNetworkConfig,
  coverageMultiple,
  coverageNetwork,
  decode,
  encode,
  gridOf,
  imageEncoder,
  maskDecoder,
  pixelDenoiser,
  quantise,
  type SamConfig,
  type SwinUNetConfig,
  sizeMultiple,
  swinUNet,
  type VqConfig,
} from "../../networks/index.js";
import type { Scope } from "../../nn/index.js";
import * as o from "../../onnx/index.js";
import type { Recognised } from "../recognise/index.js";

export interface Size {
  readonly height: number;
  readonly width: number;
}

export interface Part {
  readonly name: string;
  /** What goes in and what comes out, for people. */
  readonly summary: string;
  /** Whose height and width a size is; left out where the network takes one size only. */
  readonly sized?: {
    readonly input: string;
    readonly standard: number;
    readonly multiple: number;
    /** The most pixels of a batch: a graph of fixed size holds masks that grow with it. */
    readonly most: number;
  };
  /** The outputs by name, for inputs of this size (the network's own, where it takes one only). */
  readonly build: (p: Scope, size: Size, batch: number) => Readonly<Record<string, o.Value>>;
}

/** The side of the images that autoencoder and coverage network are trained on; nothing in a checkpoint tells it. */
const IMAGE_SIDE = 256;

const IMAGE_PIXELS = 4096 ** 2;

/** Points of a prompt: one and the padding that follows it, or the two corners of a box. */
const POINTS = 2;

/** @param imageSide of the images that an autoencoder or a coverage network takes when no size is asked for */
export function partsOf(recognised: Recognised, imageSide = IMAGE_SIDE): readonly Part[] {
  switch (recognised.network) {
    case "swin-unet":
      return [denoiser(recognised.config, recognised.lqChannels, swinUNet)];
    case "pixel-denoiser":
      return [
        denoiser(recognised.config, 3, (p, config, x, t, lq) =>
          pixelDenoiser(p, config, x, t, lq, bicubicLatent(lq)),
        ),
      ];
    case "vq-autoencoder":
      return autoencoder(recognised.config, imageSide);
    case "segment-anything":
      return segmentation(recognised.config);
    case "coverage-network":
      return [coverage(recognised.config, imageSide)];
  }
}

function denoiser(config: SwinUNetConfig, lqChannels: number, network: typeof swinUNet): Part {
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
      return { y: network(p, config, x, t, map("lq", lqChannels)) };
    },
  };
}

function autoencoder(config: VqConfig, imageSide: number): readonly Part[] {
  const factor = 2 ** (config.channelMult.length - 1);
  const latentSide = Math.ceil(imageSide / factor);
  const latent = ({ height, width }: Size, batch: number) =>
    o.input("z", [batch, config.latentChannels, height, width]);
  return [
    {
      name: "encode",
      summary: "image x -> latent z",
      sized: { input: "x", standard: latentSide * factor, multiple: factor, most: IMAGE_PIXELS },
      build(p, { height, width }, batch) {
        return { z: encode(p, config, o.input("x", [batch, 3, height, width])) };
      },
    },
    {
      name: "decode",
      summary: "latent z, replaced by the nearest codes -> image y, and the codes' indices",
      sized: { input: "z", standard: latentSide, multiple: 1, most: IMAGE_PIXELS / factor ** 2 },
      build(p, size, batch) {
        const { quantised, indices } = quantise(p, config, latent(size, batch));
        return { y: decode(p, config, quantised), indices };
      },
    },
    {
      name: "decode-latent",
      summary: "latent z as it is -> image y",
      sized: { input: "z", standard: latentSide, multiple: 1, most: IMAGE_PIXELS / factor ** 2 },
      build: (p, size, batch) => ({ y: decode(p, config, latent(size, batch)) }),
    },
  ];
}

function segmentation(config: SamConfig): readonly Part[] {
  const { imageSize: side, promptEmbed } = config;
  return [
    {
      name: "image-encoder",
      summary: "normalised and padded image -> image_embedding",
      build: (p, _, batch) => ({
        image_embedding: imageEncoder(p, config, o.input("image", [batch, 3, side, side])),
      }),
    },
    {
      name: "mask-decoder",
      summary: "image_embedding, points and their labels -> low_res_logits and iou_predictions",
      build(p, _, batch) {
        const embedding = o.input("image_embedding", [1, promptEmbed, gridOf(config), gridOf(config)]);
        const points = o.input("points", [batch, POINTS, 2]);
        const labels = o.input("labels", [batch, POINTS]);
        const { lowResLogits, iouPredictions } = maskDecoder(p, config, { embedding, points, labels });
        return { low_res_logits: lowResLogits, iou_predictions: iouPredictions };
      },
    },
  ];
}

function coverage(config: CoverageNetworkConfig, imageSide: number): Part {
  const multiple = coverageMultiple(config);
  return {
    name: "coverage",
    summary: "image -> how many masks cover each pixel",
    sized: {
      input: "image",
      standard: Math.ceil(imageSide / multiple) * multiple,
      multiple,
      most: IMAGE_PIXELS,
    },
    build(p, { height, width }, batch) {
      return { coverage: coverageNetwork(p, config, o.input("image", [batch, 3, height, width])) };
    },
  };
}
