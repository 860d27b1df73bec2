/**
 * The configuration of a Swin UNet, read off its tensors. Widths, depths and heads stand in the shapes of
 * weights; the size it was built for only in buffers that PyTorch keeps beside them, the masks of shifted
 * windows.
 */

import { countOf, isSize, literally, majority, type Shapes, sides } from "../shapes.js";
import type { SwinUNetConfig } from "./config.js";

const MOST_BLOCKS = 128;
const MOST_LAYERS = 32;
const LARGEST_WINDOW = 32;
const LARGEST_IMAGE = 4096;

/** What the authors' networks have, where a file does not say. */
const PUBLISHED = { modelChannels: 160, embed: 192, headChannels: 32, window: 8, mlpRatio: 4, imageSize: 64 };

/** A residual block's width. */
const WIDTH = "\\.0\\.(out_layers\\.3|in_layers\\.2|out_layers\\.0)\\.(weight|bias)$";

/** Names of what lies beside a Swin UNet's parameters: tables that follow from its sizes. */
export const SWIN_BUFFERS = /\.(attn_mask|relative_position_index)$/;

export interface SwinUNetFound {
  readonly config: SwinUNetConfig;
  /** Channels of the condition that is joined to x; 3, an image, in all that is published. */
  readonly lqChannels: number;
  /** Whether `imageSize` was told by buffers; otherwise it is the published one. */
  readonly sizeKnown: boolean;
}

interface Level {
  width: number | undefined;
  blocks: number;
  /** The names of its Swin layers, on the way down and up. */
  readonly layers: string[];
}

/**
 * Reads a configuration off shapes. What none of them tells is taken as the published code has it:
 * `imageSize` is 64 in a file that keeps no buffers, and so it is where no level has a shifted block. Masking
 * is the published one, as the authors' weights were trained with it. Damaged tensors are outvoted by the
 * rest; what is still missing is filled in from the published network, for the error that comes of it to name
 * the fewest differences.
 * @returns undefined where there is nothing of a UNet.
 */
export function readSwinUNet(shapes: Shapes): SwinUNetFound | undefined {
  if (![...shapes.keys()].some((name) => /^(input|middle|output)_blocks?\./.test(name))) return undefined;
  const modelChannels =
    majority([
      ...sides(shapes, /\.emb_layers\.1\.weight$/, 1, 4),
      ...sides(shapes, /^time_embed\.0\.weight$/, 1),
      ...sides(shapes, /^time_embed\.\d\.bias$/, 0, 4),
    ]) ?? PUBLISHED.modelChannels;
  const levels = levelsOf(shapes);
  const layers = [...levels.flatMap((level) => level.layers), "middle_block.1"];
  const embed = majority(sides(shapes, /\.patch_embed\.proj\.(weight|bias)$/, 0)) ?? PUBLISHED.embed;
  const heads = majority(sides(shapes, /\.relative_position_bias_table$/, 1));
  const hidden = majority(sides(shapes, /\.mlp\.fc1\.(weight|bias)$/, 0));
  const blocks = layers.map((layer) => {
    return countOf(shapes, new RegExp(`^${literally(layer)}\\.blocks\\.(\\d+)\\.`), MOST_LAYERS);
  });
  const window = windowOf(shapes);
  const told = imageSizeOf(shapes, levels, window);
  const imageSize = told ?? PUBLISHED.imageSize;
  const config: SwinUNetConfig = {
    outChannels: majority(sides(shapes, /^out\.2\.(weight|bias)$/, 0)) ?? 3,
    modelChannels,
    channelMult: levels.map(({ width }) => (width ?? modelChannels) / modelChannels),
    resBlocks: levels.map((level) => level.blocks),
    imageSize,
    attentionResolutions: levels.flatMap((level, i) =>
      level.layers.length > 0 ? [Math.floor(imageSize / 2 ** i)] : [],
    ),
    swin: {
      embed,
      depth: majority(blocks.filter((count) => count > 0)) ?? 2,
      headChannels: heads === undefined ? PUBLISHED.headChannels : embed / heads,
      window,
      mlpRatio: hidden === undefined ? PUBLISHED.mlpRatio : hidden / embed,
      masking: "published",
    },
  };
  const extra = (inputChannelsOf(shapes) ?? 0) - config.outChannels;
  return { config, lqChannels: extra > 0 ? extra : 3, sizeKnown: told !== undefined };
}

/** Tells how many channels x and lq have together. */
function inputChannelsOf(shapes: Shapes): number | undefined {
  return majority(sides(shapes, /^input_blocks\.0\.0\.weight$/, 1));
}

/**
 * Reads the levels off the blocks: input block 0 is a convolution; from 1 on come residual blocks, and a
 * halving convolution after each level but the last.
 */
function levelsOf(shapes: Shapes): Level[] {
  const levels: Level[] = [{ width: undefined, blocks: 0, layers: [] }];
  const count = countOf(shapes, /^input_blocks\.(\d+)\./, MOST_BLOCKS);
  const under = new Map<string, string[]>();
  for (const name of shapes.keys()) {
    const [block] = /^(input|output)_blocks\.\d+/.exec(name) ?? [];
    if (block === undefined) continue;
    if (under.has(block)) under.get(block)!.push(name);
    else under.set(block, [name]);
  }
  const holds = (block: string, part: RegExp) =>
    under.get(block)?.some((name) => part.test(name.slice(block.length))) ?? false;
  const widthOf = (block: string) => majority(sides(shapes, new RegExp(`^${literally(block)}${WIDTH}`), 0));

  for (let i = 1; i < count; i++) {
    const block = `input_blocks.${i}`;
    if (holds(block, /^\.0\.op\./)) {
      levels.push({ width: undefined, blocks: 0, layers: [] });
      continue;
    }
    const level = levels.at(-1)!;
    level.blocks++;
    level.width ??= widthOf(block);
    if (level.blocks === 1 && holds(block, /^\.1\./)) level.layers.push(`${block}.1`);
  }
  let output = 0;
  for (const level of levels.toReversed()) {
    const block = `output_blocks.${output}`;
    level.width ??= widthOf(block);
    if (holds(block, /^\.1\.(blocks|patch)/)) level.layers.push(`${block}.1`);
    output += level.blocks + 1;
  }
  return levels;
}

/** Returns the window of a table, which has a row for each of the (2w - 1)^2 offsets in a window. */
function windowOfTable(rows: number | undefined): number | undefined {
  const window = (Math.sqrt(rows ?? 0) + 1) / 2;
  return isSize(window, LARGEST_WINDOW) ? window : undefined;
}

/**
 * Returns the largest window, because levels smaller than it have their own; one that stands in a single
 * table may be damage.
 */
function windowOf(shapes: Shapes): number {
  const windows = sides(shapes, /\.relative_position_bias_table$/, 0)
    .map(windowOfTable)
    .filter((window) => window !== undefined);
  const twice = windows.filter((window, i) => windows.indexOf(window) !== i);
  return Math.max(...(twice.length > 0 ? twice : windows), 0) || PUBLISHED.window;
}

/**
 * Reads the size the network was built for: the side of a level is told by its mask, [windows, w w, w w]; a
 * level without one is no larger than the window, and so as large as its own window.
 */
function imageSizeOf(shapes: Shapes, levels: readonly Level[], window: number): number | undefined {
  const buffers = [...shapes.keys()].some((name) => SWIN_BUFFERS.test(name));
  const votes: number[] = [];
  const vote = (layer: string, level: number) => {
    const own = windowOfTable(shapes.get(`${layer}.blocks.0.attn.relative_position_bias_table`)?.[0]);
    const mask = shapes.get(`${layer}.blocks.1.attn_mask`);
    if (own === undefined || !shapes.has(`${layer}.blocks.1.attn.qkv.weight`)) return;
    const across = mask === undefined ? 1 : Math.sqrt(mask[0]);
    const side = across * own * 2 ** level;
    if (isSize(side, LARGEST_IMAGE) && (own < window || buffers)) votes.push(side);
  };
  levels.forEach(({ layers }, level) => layers.forEach((layer) => vote(layer, level)));
  vote("middle_block.1", levels.length - 1);
  return majority(votes);
}
