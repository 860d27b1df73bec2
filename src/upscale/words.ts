/**
 * What can be said of a picture's enlargement, each option described once: flags of the command, parameters
 * of the server and its published schema are made from these.
 */
import { type Described, oneOf, type Said, wholeNumber } from "../base/words.js";
import { NOISE_KINDS } from "../diffusion/noise-kinds.js";
import { COEFFICIENTS, VARIANTS } from "../diffusion/pixelwise-options.js";
import { DDIM } from "../diffusion/samplers/ddim.js";
import { METHODS } from "../diffusion/samplers/index.js";
import type { DecodeOptions, EncodeOptions, Limits } from "../image/index.js";
import { type SamSaid, samOptionsOf } from "../semantics/sam/words.js";
import { SOURCE_NAMES } from "../semantics/sources/names.js";
import type { UpscaleSettings } from "./settings.js";
import { TILE_WAYS } from "./tile-ways.js";
import type { WantedSize } from "./upscale.js";

/** Where networks can run, as a person says it; `auto` is for a machine to find out. */
export const DEVICES = ["auto", "cpu", "webgpu", "torch"] as const;

/** A size of the result in pixels, which stands for a scale. */
const side = (words: string) =>
  ({ value: "n", words, schema: wholeNumber(1), conflicts: ["scale"] }) as const satisfies Described;

/** How a picture is enlarged and written. */
export const UPSCALE_WORDS = {
  method: {
    value: "name",
    words: "how to enlarge (default: the model's)",
    schema: oneOf([...METHODS, DDIM]),
  },
  steps: {
    ...{ value: "n", words: "steps of the diffusion (default: 1; resshift: all; ddim: 15)" },
    schema: wholeNumber(1),
  },
  detail: {
    value: "detail",
    words: "0 keeps to the picture, 1 is sharpest and invents most (default: the model's)",
    schema: { type: "number", minimum: 0, maximum: 1 },
  },
  seed: {
    ...{ value: "n", words: "seed of the noise; the same seed gives the same noise" },
    schema: { ...wholeNumber(0), default: 0 },
  },
  scale: {
    value: "factor",
    words: "over 0, at most 8 (default: the network's own, 4 of samsr-tiny); a resampler does the rest",
    schema: { type: "number", exclusiveMinimum: 0, maximum: 8 },
  },
  width: side("pixels across, instead of a scale; the height follows"),
  height: side("pixels down; with width too, the result fits into both"),
  longest: side("pixels of the longer side"),
  masks: {
    ...{ value: "name", words: "where masks come from (default: regions, for samsr)" },
    schema: oneOf(SOURCE_NAMES),
  },
  variant: {
    ...{ value: "name", words: "equations of the paper or of its code (default: the model's)" },
    schema: oneOf(VARIANTS),
  },
  etaScale: {
    value: "m",
    words: "m of equation 9: how far the diffusion follows the masks (default: the model's)",
    schema: { type: "number" },
  },
  coefficients: {
    ...{ value: "names", words: "what follows the masks (default: the model's)" },
    schema: oneOf(COEFFICIENTS),
  },
  noise: {
    ...{ value: "kind", words: "of x_T: SAM-noise or plain Gaussian (default: the model's)" },
    schema: oneOf(NOISE_KINDS),
  },
  ddimEta: {
    ...{ value: "n", words: "how much noise ddim draws afresh, from 0 to 1 (default: 1)" },
    schema: { type: "number" },
  },
  kappa: {
    ...{ value: "n", words: "strength of the noise (default: the model's)" },
    schema: { type: "number" },
  },
  tile: {
    value: "n",
    words: "side of a square as large as a tile may be, in pixels of the input",
    schema: wholeNumber(1),
  },
  overlap: { value: "n", words: "how far tiles overlap, in pixels of the input", schema: wholeNumber(0) },
  tiles: {
    ...{
      value: "way",
      words: "masks and noise of the whole picture, or each tile alone (default: together)",
    },
    schema: oneOf(TILE_WAYS),
  },
  format: {
    ...{ value: "name", words: "of the result (default: as the input)" },
    schema: oneOf(["png", "jpeg", "webp", "avif", "tiff", "gif"]),
    also: { jpg: "jpeg", tif: "tiff" },
  },
  quality: {
    ...{ value: "n", words: "from 1 to 100, for jpeg, webp and avif" },
    schema: wholeNumber(1, 100),
  },
  lossless: {
    ...{ value: "yes", words: "webp and avif without loss (default: where the input is, and no quality)" },
    ...{ schema: { type: "boolean" }, conflicts: ["quality"] },
  },
  density: {
    ...{ value: "n", words: "pixels an inch that the result tells (default: as the input)" },
    schema: { type: "number" },
  },
  tolerant: {
    ...{ value: "yes", words: "take damaged and truncated pictures as far as they go" },
    schema: { type: "boolean" },
  },
} as const satisfies Record<string, Described>;

/** How much a picture may ask for; the last two are in MiB. */
export const LIMIT_WORDS = {
  pixelLimit: {
    ...{ value: "n", words: "the most pixels a picture may have (default: 100000000)" },
    schema: wholeNumber(1),
  },
  sideLimit: {
    ...{ value: "n", words: "the longest side a picture may have (default: 100000)" },
    schema: wholeNumber(1),
  },
  frameLimit: {
    ...{ value: "n", words: "the most pages or frames (default: 1000)" },
    schema: wholeNumber(1),
  },
  metadataLimit: {
    ...{ value: "mib", words: "the most profile, EXIF, XMP and texts, in MiB (default: 16)" },
    schema: wholeNumber(1),
  },
  memoryLimit: {
    ...{ value: "mib", words: "the most decoded pixels, in MiB (default: 1024)" },
    schema: wholeNumber(1),
  },
} as const satisfies Record<string, Described>;

export type UpscaleSaid = Said<typeof UPSCALE_WORDS> & SamSaid;
export type LimitsSaid = Said<typeof LIMIT_WORDS>;

/** Returns what is said of how a picture is enlarged, as the library takes it. */
export function settingsOf(said: Omit<UpscaleSaid, "masks">): Omit<UpscaleSettings, "masks"> & WantedSize {
  const { method, steps, detail, seed, variant, etaScale, coefficients, noise, kappa, ddimEta } = said;
  const { tile, overlap, tiles, scale, width, height, longest } = said;
  const samOptions = samOptionsOf(said);
  return {
    ...{ method, steps, detail, seed, variant, etaScale, coefficients, noise, kappa, ddimEta },
    ...{ tile, overlap, tiles, scale, width, height, longest, samOptions },
  };
}

/** Returns what is said of how a picture is read. */
export function decodingOf(
  said: LimitsSaid & Pick<UpscaleSaid, "tolerant">,
): Limits & Pick<DecodeOptions, "tolerant"> {
  const { pixelLimit, sideLimit, frameLimit, tolerant } = said;
  const bytes = (mebibytes: number | undefined) => mebibytes && mebibytes * 2 ** 20;
  return {
    ...{ pixelLimit, sideLimit, frameLimit, tolerant },
    metadataLimit: bytes(said.metadataLimit),
    memoryLimit: bytes(said.memoryLimit),
  };
}

/** Returns what is said of how the result is written. */
export function encodingOf({
  quality,
  lossless,
  density,
}: Pick<UpscaleSaid, "quality" | "lossless" | "density">): Pick<
  EncodeOptions,
  "quality" | "lossless" | "density"
> {
  return { quality, lossless, density };
}
