import { checked, type Filled, list, number, oneOf, section, whole } from "../../base/fields.js";

export const config = checked(
  section("The denoiser, a Swin UNet.", {
    outChannels: whole("Channels of what it predicts: 48 on pixels, the autoencoder's on latents."),
    modelChannels: whole("Width that channelMult multiplies; divides by 32."),
    channelMult: list(
      "Width of each level, in multiples of modelChannels; each after the first halves the size.",
      number("A factor.", 1e-2, 1024),
      1,
      10,
    ),
    resBlocks: list("Residual blocks of each level.", whole("A count.", 1, 128), 1, 10),
    imageSize: whole(
      "The latent's side that the network is built for: a level no larger than a window there has " +
        "no shifted blocks, " +
        "and a smaller one has windows of its own side.",
    ),
    attentionResolutions: list(
      "Sides, at imageSize, of the levels that hold Swin layers.",
      whole("A side."),
      0,
      10,
    ),
    swin: section("The Swin layers.", {
      embed: whole("Width."),
      depth: whole("Blocks, every second of them shifted.", 1, 1000),
      headChannels: whole("Channels of a head; divides embed."),
      window: whole("Side of a window.", 1, 1024),
      mlpRatio: number("Width of the MLP, in multiples of embed.", 1e-3, 1024),
      masking: oneOf(
        "Which pixels of a shifted window see each other: those that are neighbours, or as in " +
          "published weights.",
        "neighbours",
        "published",
      ),
    }),
  }),
  ({ channelMult, resBlocks, modelChannels, swin }, at) => {
    if (resBlocks.length !== channelMult.length) {
      return `${at("resBlocks")} has ${resBlocks.length} levels, ${at("channelMult")} ${channelMult.length}`;
    }
    const odd = channelMult.find((mult) => widthOf(mult, modelChannels) % 32 !== 0);
    if (odd !== undefined) return `${at("modelChannels")} ${modelChannels} times ${odd} must divide by 32`;
    if (swin.embed % swin.headChannels !== 0) {
      return (
        `${at("swin.headChannels")} ${swin.headChannels} does not divide ${at("swin.embed")} ` +
        `${swin.embed}`
      );
    }
    return undefined;
  },
);

export type SwinUNetConfig = Filled<typeof config>;

/** Returns the width of a level. */
export function widthOf(mult: number, modelChannels: number): number {
  // Cut off as in the published code, but not where a quotient such as 736 / 1504 times 1504 is just below a
  // whole number.
  return Math.trunc(mult * modelChannels + 1e-6);
}

/** Returns the side of a level in a network of the size it was built for. */
export function sideAt({ imageSize }: Pick<SwinUNetConfig, "imageSize">, level: number): number {
  return Math.max(1, Math.floor(imageSize / 2 ** level));
}

export function attendsAt(config: SwinUNetConfig, level: number): boolean {
  return config.attentionResolutions.includes(sideAt(config, level));
}

export function windowAt(config: SwinUNetConfig, level: number): number {
  return Math.min(config.swin.window, sideAt(config, level));
}

/**
 * Returns the number that the sides of x must divide by: every level is then whole, and has whole windows
 * where there is attention.
 */
export function sizeMultiple(config: SwinUNetConfig): number {
  const windows = config.channelMult.map((_, level) => {
    // The middle has a Swin layer always, at the size of the deepest level.
    const attends = level === config.channelMult.length - 1 || attendsAt(config, level);
    return 2 ** level * (attends ? windowAt(config, level) : 1);
  });
  return windows.reduce(leastCommonMultiple);
}

function leastCommonMultiple(a: number, b: number): number {
  let multiple = a;
  while (multiple % b !== 0) multiple += a;
  return multiple;
}

/**
 * Names the first size in which two networks differ whose weights cannot stand for each other: half a
 * sentence with both. Undefined where there is none; the size that a network was built for, and its masking,
 * are no matter of weights.
 */
export function differingSize(own: SwinUNetConfig, due: SwinUNetConfig): string | undefined {
  const sizesOf = ({ outChannels, modelChannels, channelMult, resBlocks, swin }: SwinUNetConfig) => {
    const { embed, depth, headChannels, mlpRatio } = swin;
    return { outChannels, modelChannels, channelMult, resBlocks, embed, depth, headChannels, mlpRatio };
  };
  const dueSizes: Readonly<Record<string, unknown>> = sizesOf(due);
  for (const [key, value] of Object.entries(sizesOf(own))) {
    const [is, should] = [value, dueSizes[key]].map((size) => JSON.stringify(size));
    if (is !== should) return `its ${key} is ${is}, not ${should}`;
  }
  return undefined;
}
