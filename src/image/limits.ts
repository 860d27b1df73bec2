/**
 * How much a picture may ask for. A file of a few hundred bytes can claim gigabytes, so every claim is held
 * against a limit before anything is made of it, and the message that refuses names all of them.
 */
import type { OptionType } from "../base/arguments.js";
import { SamsrError } from "../base/errors.js";

export interface Limits {
  /** The most pixels of a picture; default 100 million. */
  readonly pixelLimit?: number;
  /** The longest side in pixels; default 100,000. */
  readonly sideLimit?: number;
  /** The most frames or pages that are read; default 1000. */
  readonly frameLimit?: number;
  /**
   * The most bytes of profile, EXIF, XMP and texts in all, unpacked; default 16 MiB. More is left out, with a
   * warning.
   */
  readonly metadataLimit?: number;
  /** The most bytes of decoded pixels, all frames of an animation together; default 1 GiB. */
  readonly memoryLimit?: number;
}

/**
 * A hundred megapixels are more than any common camera has, and few enough that a small file which unpacks to
 * gigabytes is refused from its header.
 */
export const defaultLimits: Required<Limits> = {
  pixelLimit: 100_000_000,
  sideLimit: 100_000,
  frameLimit: 1000,
  metadataLimit: 16 * 2 ** 20,
  memoryLimit: 2 ** 30,
};

/** The limits as options of a function. */
export const LIMIT_TYPES = {
  pixelLimit: "number",
  sideLimit: "number",
  frameLimit: "number",
  metadataLimit: "number",
  memoryLimit: "number",
} as const satisfies Record<keyof Limits, OptionType>;

/** Returns the limits with the defaults filled in. */
export function limitsOf(limits: Limits): Required<Limits> {
  const { pixelLimit, sideLimit, frameLimit, metadataLimit, memoryLimit } = limits;
  return {
    pixelLimit: pixelLimit ?? defaultLimits.pixelLimit,
    sideLimit: sideLimit ?? defaultLimits.sideLimit,
    frameLimit: frameLimit ?? defaultLimits.frameLimit,
    metadataLimit: metadataLimit ?? defaultLimits.metadataLimit,
    memoryLimit: memoryLimit ?? defaultLimits.memoryLimit,
  };
}

/**
 * Refuses a picture that is over a limit.
 *
 * @param claim.bytes of its decoded pixels, and of what decoding them takes beside
 * @throws SamsrError of one line that says what the picture has, and every limit
 */
export function checkLimits(
  name: string,
  claim: { width: number; height: number; frames?: number; bytes: number },
  limits: Required<Limits>,
): void {
  const { width, height, frames = 1, bytes } = claim;
  const over = (what: string) =>
    new SamsrError(
      `${name} has ${width} x ${height} pixels${frames > 1 ? ` in ${frames} frames` : ""}, ` +
        `${what}; make it smaller, ` +
        `or raise the limit (the limits: ${listed(limits)}).`,
    );
  const pixels = width * height;
  if (pixels > limits.pixelLimit) {
    throw over(`${megapixels(pixels)}, over the limit of ${megapixels(limits.pixelLimit)}`);
  }
  if (Math.max(width, height) > limits.sideLimit) throw over(`over the limit of ${limits.sideLimit} a side`);
  if (frames > limits.frameLimit) throw over(`over the limit of ${limits.frameLimit} frames`);
  if (bytes > limits.memoryLimit) {
    throw over(`${mebibytes(bytes)} decoded, over the limit of ${mebibytes(limits.memoryLimit)} of memory`);
  }
}

function listed({ pixelLimit, sideLimit, frameLimit, metadataLimit, memoryLimit }: Required<Limits>): string {
  return (
    `${megapixels(pixelLimit)}, ${sideLimit} pixels a side, ${frameLimit} frames, ` +
    `${mebibytes(metadataLimit)} of metadata, ${mebibytes(memoryLimit)} of decoded memory`
  );
}

function megapixels(pixels: number): string {
  return `${Math.round(pixels / 1e4) / 100} megapixels`;
}

function mebibytes(bytes: number): string {
  return `${Math.round(bytes / 2 ** 20)} MiB`;
}
