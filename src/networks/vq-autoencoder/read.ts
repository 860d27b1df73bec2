/** The configuration of a VQ autoencoder, read off its tensors: all of it stands in the shapes of weights. */

import { countOf, majority, type Shapes, sides } from "../shapes.js";
import type { VqConfig } from "./config.js";

const MOST_LEVELS = 12;
const MOST_BLOCKS = 64;

/**
 * Reads the configuration of a VQ autoencoder off the shapes of its tensors.
 * @returns undefined where there is nothing of an autoencoder with a codebook
 */
export function vqConfigOf(shapes: Shapes): VqConfig | undefined {
  if (![...shapes.keys()].some((name) => /^((en|de)coder\.(mid|down|up)|quantize|quant_conv)\./.test(name))) {
    return undefined;
  }
  const channels =
    majority([
      ...sides(shapes, /^encoder\.conv_in\.(weight|bias)$/, 0),
      ...sides(shapes, /^encoder\.down\.0\.block\.0\.norm1\.(weight|bias)$/, 0),
    ]) ?? 128;
  const levels = Math.max(1, countOf(shapes, /^encoder\.down\.(\d+)\./, MOST_LEVELS));
  const widths = Array.from({ length: levels }, (_, i) => {
    const pattern = `^(encoder\\.down|decoder\\.up)\\.${i}\\.block\\.\\d+\\.(conv[12]\\.(weight|bias)|norm2\\.weight)$`;
    return majority(sides(shapes, new RegExp(pattern), 0)) ?? channels;
  });
  const blocks = widths.map((_, i) => {
    return countOf(shapes, new RegExp(`^encoder\\.down\\.${i}\\.block\\.(\\d+)\\.`), MOST_BLOCKS);
  });
  const book = shapes.get("quantize.embedding.weight") ?? [];
  return {
    channels,
    channelMult: widths.map((width) => width / channels),
    resBlocks: majority(blocks.filter((count) => count > 0)) ?? 2,
    latentChannels:
      majority([
        ...sides(shapes, /^(post_)?quant_conv\.bias$/, 0),
        ...sides(shapes, /^encoder\.conv_out\.bias$/, 0),
      ]) ?? 3,
    codes: book[0] ?? 8192,
  };
}
