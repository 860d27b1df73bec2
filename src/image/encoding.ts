/**
 * What a picture is encoded as: the choices, the checks before any work, and what a format has no place for.
 */
import { checkArgument, checkOptions, checkSize, isObject, type OptionType } from "../base/arguments.js";
import { brief } from "../base/brief.js";
import { SamsrError } from "../base/errors.js";
import { carry } from "./carry.js";
import type { OutputFormat } from "./formats.js";
import type { Metadata } from "./metadata/index.js";

export interface EncodeOptions {
  readonly format: OutputFormat;
  /**
   * The quality, 1..100, for the lossy formats; `defaultQuality` when not given. PNG and TIFF are always
   * lossless.
   */
  readonly quality?: number;
  /** WebP and AVIF without loss; by default where the input was without loss and no quality is given. */
  readonly lossless?: boolean;
  /**
   * What `decode` returned: profile, EXIF, XMP, IPTC, density and texts are written where the format has a
   * place.
   */
  readonly metadata?: Partial<Metadata>;
  /** Pixels an inch to write, instead of those of the metadata. */
  readonly density?: number;
}

/** What the options are called, and of which type. */
export const ENCODE_OPTIONS = {
  format: "string",
  quality: "number",
  lossless: "boolean",
  metadata: "object",
  density: "number",
} as const satisfies Record<keyof EncodeOptions, OptionType>;

/** High enough that the codec does not undo what the network restored. */
export const defaultQuality = { jpeg: 92, webp: 92, avif: 80 } as const;

/** The longest side of an image in each format (for AVIF, in this encoder). */
export const sideLimit = {
  png: 2 ** 31 - 1,
  jpeg: 65535,
  webp: 16383,
  avif: 16384,
  tiff: 2 ** 31 - 1,
  gif: 65535,
} as const;

/** Tells whether a format can hold 16 bits a channel. @throws SamsrError for what is no format to write */
export function holdsSixteenBits(format: OutputFormat): boolean {
  checkFormat(format);
  return format === "png" || format === "tiff";
}

/** Refuses what is no format to write. @throws SamsrError that lists the formats */
export function checkFormat(format: OutputFormat): void {
  if (typeof format === "string" && Object.hasOwn(sideLimit, format)) return;
  const shown = typeof format === "string" ? `"${format}"` : brief(format);
  throw new SamsrError(`Unknown format ${shown}; choose png, jpeg, webp, avif, tiff or gif.`);
}

/**
 * Throws when an image of this size cannot be written in this format, or the quality or density is none: to
 * be asked before the work.
 * @throws SamsrError
 */
export function checkEncodable(size: { width: number; height: number }, options: EncodeOptions): void {
  checkArgument("checkEncodable: the size", size, isObject(size), "an object with width and height");
  checkSize("checkEncodable", size.width, size.height);
  checkArgument("checkEncodable: options", options, isObject(options), "an object");
  const { format, quality, density } = options;
  checkFormat(format);
  const limit = sideLimit[format];
  if (quality !== undefined && !(quality >= 1 && quality <= 100)) {
    throw new SamsrError(`The quality must be from 1 to 100, not ${quality}.`);
  }
  if (density !== undefined && !(density > 0 && density <= 1e6)) {
    throw new SamsrError(`The density must be over 0 and at most 1000000 pixels an inch, not ${density}.`);
  }
  if (options.lossless && (format === "jpeg" || format === "gif")) {
    throw new SamsrError(`${format.toUpperCase()} cannot be lossless; choose png, webp, avif or tiff.`);
  }
  if (size.width > limit || size.height > limit) {
    throw new SamsrError(
      `An image of ${size.width} x ${size.height} pixels is too large for ${format.toUpperCase()}, ` +
        "which ends " +
        `at ${limit} a side; choose PNG or TIFF, or a smaller scale.`,
    );
  }
}

/**
 * Returns what a result of this size will lose in this format, each the end of a sentence that begins with
 * its name: metadata without a place, depth, transparency.
 * @throws SamsrError for what is no size, and for options that make no sense
 */
export function encodingLosses(
  size: { width: number; height: number },
  options: EncodeOptions,
): readonly string[] {
  checkArgument("encodingLosses: the size", size, isObject(size), "an object with width and height");
  checkSize("encodingLosses", size.width, size.height);
  checkOptions("encodingLosses", options, ENCODE_OPTIONS);
  const { format, metadata = {}, density } = options;
  checkFormat(format);
  const { lost } = carry(metadata, { ...size, greyscale: metadata.greyscale ?? false }, format, density);
  const name = format === "webp" ? "WebP" : format.toUpperCase();
  const losses = lost.length > 0 ? [`${name} has no place for ${lost.join("; ")}`] : [];
  if (metadata.bitDepth === 16 && !holdsSixteenBits(format) && format !== "avif") {
    losses.push(`${name} holds 8 of its ${metadata.sampleBits ?? 16} bits`);
  }
  return losses;
}
