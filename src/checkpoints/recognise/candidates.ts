/** The networks a checkpoint may hold: how each is read off shapes, and the parameters it then must have. */
import {
  type CoverageNetworkConfig,
  coverageConfigOf,
  coverageMultiple,
  coverageNetwork,
  decode,
  encode,
  gridOf,
  imageEncoder,
  inputChannelsOf,
  LATENT_CHANNELS,
  maskDecoder,
  quantise,
  type SamConfig,
  type Shapes,
  SWIN_BUFFERS,
  type SwinUNetConfig,
  samConfigOf,
  sizeMultiple,
  swinUNet,
  swinUNetConfigOf,
  type VqConfig,
  vqConfigOf,
} from "../../networks/index.js";
import { type Scope, trainableScope } from "../../nn/index.js";
import * as o from "../../onnx/index.js";

export type Recognised =
  | {
      readonly network: "swin-unet";
      readonly config: SwinUNetConfig;
      /** Channels of the condition that is joined to x; 3, an image, in all that is published. */
      readonly lqChannels: number;
      /** Whether `imageSize` was told by buffers; otherwise it is the published one. */
      readonly sizeKnown: boolean;
    }
  | { readonly network: "pixel-denoiser"; readonly config: SwinUNetConfig }
  | { readonly network: "vq-autoencoder"; readonly config: VqConfig }
  | { readonly network: "segment-anything"; readonly config: SamConfig }
  | { readonly network: "coverage-network"; readonly config: CoverageNetworkConfig };

/** What a checkpoint would be if it were a certain network. */
export interface Reading {
  readonly recognised: Recognised;
  /** The parameters of that network. */
  readonly expected: Shapes;
  /** Names beside the parameters that do not matter: buffers, and what only training needs. */
  readonly ignored: RegExp;
}

/** @returns undefined where nothing of the network is there; throws what the network's own code does for sizes it cannot have. */
export type Candidate = (shapes: Shapes, name: string) => Reading | undefined;

/** All networks that are recognised; a new one joins here. */
export const CANDIDATES: readonly Candidate[] = [
  readSwinUNet,
  readVqAutoencoder,
  (shapes, name) => readSam(shapes, name, shapes),
  (shapes, name) => readSam(shapes, name, bySecondBlocks(shapes)),
  readCoverageNetwork,
];

function readSwinUNet(shapes: Shapes): Reading | undefined {
  const read = swinUNetConfigOf(shapes);
  if (read === undefined) return undefined;
  const { config, sizeKnown } = read;
  const { outChannels } = config;
  const extra = (inputChannelsOf(shapes) ?? 0) - outChannels;
  const lqChannels = extra > 0 ? extra : 3;
  const side = sizeMultiple(config);
  const { swin, channelMult, resBlocks } = config;
  // Each level's mask has a row of window x window for every pixel.
  const pixels = channelMult.reduce((sum, _, level) => sum + (side / 2 ** level) ** 2, 0);
  affordable((2 * pixels + resBlocks.reduce((a, b) => a + b)) * swin.depth * swin.window ** 2);
  affordable(groupNumbers(config.modelChannels, channelMult, resBlocks, side));
  const expected = parametersOf((p) => {
    const map = (name: string, channels: number) => o.input(name, [1, channels, side, side]);
    swinUNet(p, config, map("x", outChannels), o.input("t", [1]), map("lq", lqChannels));
  });
  const ignored = SWIN_BUFFERS;
  // Our own denoiser of pixels is the same network on latents of 48 channels, trained with whole masks.
  if (outChannels !== LATENT_CHANNELS) {
    return { recognised: { network: "swin-unet", config, lqChannels, sizeKnown }, expected, ignored };
  }
  const own: SwinUNetConfig = { ...config, swin: { ...config.swin, masking: "neighbours" } };
  return { recognised: { network: "pixel-denoiser", config: own }, expected, ignored };
}

function readVqAutoencoder(shapes: Shapes): Reading | undefined {
  const config = vqConfigOf(shapes);
  if (config === undefined) return undefined;
  const { channels, channelMult } = config;
  const side = 2 ** (channelMult.length - 1);
  const blocks = channelMult.map(() => config.resBlocks);
  affordable(groupNumbers(channels, channelMult, blocks, side));
  const expected = parametersOf((p) => {
    const z = encode(p, config, o.input("x", [1, 3, side, side]));
    decode(p, config, quantise(p, config, z).quantised);
  });
  const ignored = /^(loss|model_ema)\.|^quantize\.(?!embedding\.weight$)/;
  return { recognised: { network: "vq-autoencoder", config }, expected, ignored };
}

/** @param evidence shapes from which the configuration is read */
function readSam(shapes: Shapes, name: string, evidence: Shapes): Reading | undefined {
  if (![...shapes.keys()].some((key) => /^(image_encoder|prompt_encoder|mask_decoder)\./.test(key))) {
    return undefined;
  }
  const config = samConfigOf(evidence, name);
  const grid = gridOf(config);
  affordable(config.depth * grid ** 2 * Math.max(config.window, grid));
  const expected = parametersOf((p) => {
    const side = config.imageSize;
    const embedding = imageEncoder(p, config, o.input("image", [1, 3, side, side]));
    const prompts = { points: o.input("points", [1, 1, 2]), labels: o.input("labels", [1, 1]) };
    const maskInput = o.input("mask", [1, 1, 4 * grid, 4 * grid]);
    maskDecoder(p, config, { embedding, ...prompts, maskInput });
    maskDecoder(p, config, { embedding, ...prompts, masks: "single" });
  });
  return { recognised: { network: "segment-anything", config }, expected, ignored: /^pixel_(mean|std)$/ };
}

/** Sizes are read off the first block of many alike; where that is the one that is damaged, the second tells them. */
function bySecondBlocks(shapes: Shapes): Shapes {
  const second = (key: string) => shapes.get(key.replace(/(blocks|layers)\.0\./, "$1.1."));
  return new Map([...shapes].map(([key, shape]) => [key, second(key) ?? shape]));
}

function readCoverageNetwork(shapes: Shapes): Reading | undefined {
  const config = coverageConfigOf(shapes);
  if (config === undefined) return undefined;
  const side = coverageMultiple(config);
  affordable(side * side);
  const expected = parametersOf((p) => coverageNetwork(p, config, o.input("image", [1, 3, side, side])));
  return { recognised: { network: "coverage-network", config }, expected, ignored: /^$/ };
}

/** A group normalisation has a constant as large as a group, in each of the residual blocks on the way down and up. */
function groupNumbers(
  channels: number,
  mult: readonly number[],
  blocks: readonly number[],
  side: number,
): number {
  const group = (level: number) => ((mult[level] * channels) / 32) * (side / 2 ** level) ** 2;
  return mult.reduce((sum, _, level) => sum + (4 * blocks[level] + 6) * group(level), 0);
}

/**
 * Building a network makes constants, tables of positions and masks above all, whose sizes a file can claim at no cost.
 * @throws {Error} beyond what any real network needs, thirty times over
 */
function affordable(numbers: number): void {
  if (!(numbers <= 5e7)) throw new Error("its constants would not fit into memory");
}

/** Names and shapes of what a network asks its scope for. */
function parametersOf(build: (p: Scope) => void): Shapes {
  const { scope, parameters } = trainableScope();
  build(scope);
  return new Map(parameters().map(({ name, shape }) => [name, shape]));
}
