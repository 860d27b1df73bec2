/** The configuration of latent diffusion x4, and how it is read off the shapes of its tensors. */
import { checked, type Filled, list, section, whole } from "../../base/fields.js";
import type { ReadConfig } from "../definition.js";
import { majority, type Shapes, sides } from "../shapes.js";
import { VQ_AUTOENCODER } from "../vq-autoencoder/index.js";
import { vqConfigOf } from "../vq-autoencoder/read.js";
import { AUTOENCODER, AVERAGE, UNET } from "./names.js";

const MOST_BLOCKS = 100;

/**
 * Channels of one head, which leave no trace in a shape: those of the published network, or half of what
 * there is where that would be a single head.
 */
const headChannelsOf = (narrowest: number) => Math.max(1, Math.min(32, narrowest >> 1));

export const config = checked(
  section("Latent diffusion x4.", {
    channels: whole("Channels that each level multiplies.", 32, 8192),
    channelMult: list("What each level multiplies them by.", whole("A factor.", 1, 64), 1, 12),
    blocks: whole("Residual blocks of each level on the way down.", 1, MOST_BLOCKS),
    attention: list("The levels with attention, from 0.", whole("A level.", 0, 11), 0, 12),
    headChannels: whole("Channels of one head of the attention.", 1, 1024),
    autoencoder: VQ_AUTOENCODER.config,
  }),
  ({ channels, channelMult, headChannels }, at) => {
    const odd = channelMult.find((factor) => (factor * channels) % headChannels !== 0);
    return odd === undefined
      ? undefined
      : `${at("headChannels")} ${headChannels} does not divide ${odd * channels} channels`;
  },
);
export type LatentDiffusionConfig = Filled<typeof config>;

/** Whether a file holds a moving average of the weights, as those of a training do. */
export type LatentDiffusionFound = ReadConfig<LatentDiffusionConfig, { readonly averaged?: boolean }>;

/** Returns what the sides of a latent must divide by: each level but the first halves them. */
export function multipleOf({ channelMult }: Pick<LatentDiffusionConfig, "channelMult">): number {
  return 2 ** (channelMult.length - 1);
}

/** Reads it off shapes; undefined where nothing of its UNet is there. */
export function readLatentDiffusion(shapes: Shapes): LatentDiffusionFound | undefined {
  const unet = below(shapes, UNET);
  if (unet.size === 0) return undefined;
  const channels =
    majority([
      ...sides(unet, /^time_embed\.\d\.bias$/, 0, 4),
      ...sides(unet, /^time_embed\.0\.weight$/, 1),
      ...sides(unet, /^out\.0\.(weight|bias)$/, 0),
    ]) ?? 160;
  const { last, halved } = ladder(unet);
  // Blocks i with first < i < next belong to a level; a halving ends it.
  const ends = [0, ...halved, last + 1];
  const levels = ends.slice(1).map((next, i) => ({ first: ends[i] + 1, next }));
  const inLevel = (level: { first: number; next: number }, name: string, axis: number) =>
    Array.from({ length: level.next - level.first }, (_, i) => level.first + i).flatMap((i) =>
      sides(unet, new RegExp(`^input_blocks\\.${i}\\.${name}$`), axis),
    );
  const channelMult = levels.map((level) => {
    const width = majority(inLevel(level, "0\\.out_layers\\.3\\.(weight|bias)", 0)) ?? channels;
    return Math.max(1, Math.round(width / channels));
  });
  const attention = levels.flatMap((level, i) =>
    inLevel(level, "1\\.(norm|qkv|proj_out)\\.bias", 0).length > 0 ? [i] : [],
  );
  // In the middle there always is some.
  const attending = [...attention, channelMult.length - 1].map((level) => channels * channelMult[level]);
  return {
    config: {
      ...{ channels, channelMult, attention },
      blocks: Math.max(1, majority(levels.map(({ first, next }) => next - first)) ?? 2),
      headChannels: headChannelsOf(Math.min(...attending)),
      autoencoder: vqConfigOf(below(shapes, AUTOENCODER)) ?? PUBLISHED_AUTOENCODER,
    },
    averaged: [...shapes.keys()].some((name) => name.startsWith(AVERAGE)),
  };
}

const PUBLISHED_AUTOENCODER = {
  channels: 128,
  channelMult: [1, 2, 4],
  resBlocks: 2,
  latentChannels: 3,
  codes: 8192,
};

/** Returns the number of the last block on the way down, and those of the blocks that halve the sides. */
function ladder(unet: Shapes): { last: number; halved: number[] } {
  let last = 0;
  const halved = new Set<number>();
  for (const name of unet.keys()) {
    const [, number, rest] = /^input_blocks\.(\d{1,3})\.(.*)$/.exec(name) ?? [];
    if (number === undefined || Number(number) > MOST_BLOCKS) continue;
    last = Math.max(last, Number(number));
    if (rest.startsWith("0.op.")) halved.add(Number(number));
  }
  return { last, halved: [...halved].sort((a, b) => a - b) };
}

/** Returns the tensors whose names begin so, without that. */
function below(shapes: Shapes, prefix: string): Shapes {
  return new Map(
    [...shapes]
      .filter(([name]) => name.startsWith(prefix))
      .map(([name, shape]) => [name.slice(prefix.length), shape]),
  );
}
