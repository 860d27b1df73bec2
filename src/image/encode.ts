import { open, writeFile } from "node:fs/promises";
import type { Sharp } from "sharp";
import sharp from "sharp";
import { checkOptions, type OptionType } from "../base/arguments.js";
import { SamsrError } from "../base/errors.js";
import { createYield } from "../base/event-loop.js";
import { type Carried, carry } from "./carry.js";
import { avifWith } from "./containers/bmff.js";
import { jpegWith } from "./containers/jpeg.js";
import { pngHead } from "./containers/png.js";
import { fileStore, memoryStore, replaceHead, type Store } from "./containers/store.js";
import { addToTiff } from "./containers/tiff.js";
import { webpWith } from "./containers/webp.js";
import type { Animation } from "./decode.js";
import type { OutputFormat } from "./formats.js";
import type { Metadata } from "./metadata/index.js";
import type { Channels, Raster } from "./raster.js";
import { bitDepth, checkRaster, createRaster, flattenOnWhite, hasAlpha, toEightBits } from "./raster.js";
import { plainBytes } from "./sharp-raster.js";
import { pathOf } from "./source.js";
import type { WriteOptions } from "./write-file.js";
import { writeFileAtomically } from "./write-file.js";

export interface EncodeOptions {
  readonly format: OutputFormat;
  /** 1..100, for the lossy formats; `defaultQuality` when not given. PNG and TIFF are always lossless. */
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

const ENCODE_OPTIONS = {
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

/** Whether a format can hold 16 bits a channel. */
export function holdsSixteenBits(format: OutputFormat): boolean {
  return format === "png" || format === "tiff";
}

/**
 * Throws when an image of this size cannot be written in this format, or the quality or density is none: to
 * be asked before the work.
 * @throws SamsrError
 */
export function checkEncodable(size: { width: number; height: number }, options: EncodeOptions): void {
  const { format, quality, density } = options;
  const limit = sideLimit[format];
  if (limit === undefined) {
    throw new SamsrError(`Unknown format "${format}"; choose png, jpeg, webp, avif, tiff or gif.`);
  }
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
      `An image of ${size.width} x ${size.height} pixels is too large for ${format.toUpperCase()}, which ends ` +
        `at ${limit} a side; choose PNG or TIFF, or a smaller scale.`,
    );
  }
}

/**
 * What a result of this size will lose in this format, each the end of a sentence that begins with its name:
 * metadata without a place, depth, transparency.
 */
export function encodingLosses(
  size: { width: number; height: number },
  options: EncodeOptions,
): readonly string[] {
  const { format, metadata = {}, density } = options;
  const { lost } = carry(metadata, { ...size, greyscale: metadata.greyscale ?? false }, format, density);
  const name = format === "webp" ? "WebP" : format.toUpperCase();
  const losses = lost.length > 0 ? [`${name} has no place for ${lost.join("; ")}`] : [];
  if (metadata.bitDepth === 16 && !holdsSixteenBits(format) && format !== "avif") {
    losses.push(`${name} holds 8 of its ${metadata.sampleBits ?? 16} bits`);
  }
  return losses;
}

/**
 * A raster as the bytes of a file. PNG and TIFF take 16 bits as they are, AVIF as 10 or 12; the other formats
 * get 8, rounded. JPEG has no transparency: colour is laid over white. Pixel values are written as they are,
 * in the colour space that the metadata tells, by a profile or whatever else the format has for it.
 *
 * @throws SamsrError when the image is too large for the format
 */
export async function encode(raster: Raster, options: EncodeOptions): Promise<Uint8Array> {
  checkOptions("encode", options, ENCODE_OPTIONS);
  const { image, finish } = await encoder(raster, options);
  const store = memoryStore(plainBytes(await image.toBuffer()));
  await finish(store);
  return store.bytes();
}

/**
 * Encodes into a file, whole or not at all (see `writeFileAtomically`), without holding the encoded bytes
 * where they may be many (PNG and TIFF).
 *
 * @param file its path or file: URL
 * @throws SamsrError when the image is too large for the format or the file cannot be written
 */
export async function encodeToFile(
  raster: Raster,
  file: string | URL,
  options: EncodeOptions & WriteOptions,
): Promise<void> {
  checkRaster(raster);
  const path = pathOf("the path of a picture", file);
  const { overwrite, signal, secret, volatile, ...encoding } = options ?? {};
  checkOptions("encodeToFile", encoding, ENCODE_OPTIONS);
  checkEncodable(raster, encoding);
  const content = async (temporaryPath: string) => {
    if (!holdsSixteenBits(encoding.format)) {
      await writeFile(temporaryPath, await encode(raster, encoding));
      return;
    }
    const { image, finish } = await encoder(raster, encoding);
    await image.toFile(temporaryPath);
    const file = await open(temporaryPath, "r+");
    try {
      await finish(fileStore(file));
    } finally {
      await file.close();
    }
  };
  await writeFileAtomically(path, content, { overwrite, signal, secret, volatile });
}

/** The encoder of a raster, and what puts the metadata into what it wrote. */
export interface Encoder {
  readonly image: Sharp;
  finish(store: Store): Promise<void>;
}

/**
 * The encoder of a raster, or of the frames of an animation as one raster, one below the other.
 * @param motion of an animation, where the format's encoder takes one
 */
export async function encoder(
  original: Raster,
  options: EncodeOptions,
  motion?: Animation & { readonly frameHeight: number },
): Promise<Encoder> {
  checkRaster(original);
  if (!motion) checkEncodable(original, options);
  const { format, metadata = {}, density } = options;
  const raster = await suited(original, options);
  const { width, height, channels, data } = raster;
  const grey = channels < 3;
  const shown = { width, height: motion?.frameHeight ?? height };
  const carried = carry(metadata, { ...shown, greyscale: grey }, format, density);
  const space = bitDepth(raster) === 16 ? (grey ? "grey16" : "rgb16") : grey ? "b-w" : "srgb";
  const page = motion ? { pageHeight: motion.frameHeight } : {};
  const image = sharp(data, { raw: { width, height, channels, ...page }, limitInputPixels: false });
  return {
    image: asFormat(image.toColourspace(space), raster, options, motion),
    finish: (store) => addMetadata(store, { ...raster, ...shown }, format, carried),
  };
}

async function addMetadata(
  store: Store,
  raster: Raster,
  format: OutputFormat,
  carried: Carried,
): Promise<void> {
  const { width, height } = raster;
  if (format === "png") {
    const { head, replaces } = pngHead(await store.read(0, 2 ** 16), carried);
    return replaceHead(store, head, replaces);
  }
  if (format === "tiff") {
    const { density, icc, xmp, iptc, exifFields } = carried;
    await addToTiff(store, { density, icc, xmp, iptc, exif: exifFields });
    return;
  }
  const bytes = await store.read(0, await store.size());
  if (format === "jpeg") return replaceHead(store, jpegWith(bytes, carried), bytes.length);
  if (format === "webp") {
    const size = { width, height, alpha: hasAlpha(raster) };
    return replaceHead(store, webpWith(bytes, size, carried), bytes.length);
  }
  if (format === "avif") return replaceHead(store, avifWith(bytes, carried), bytes.length);
}

/** Bits of an AVIF for a raster of 16: those of an AVIF that was read, or the most that there are. */
function avifBits({ metadata }: EncodeOptions): 10 | 12 {
  return metadata?.sampleBits === 10 ? 10 : 12;
}

/** The raster with no more depth and channels than the format holds. */
async function suited(raster: Raster, { format }: EncodeOptions): Promise<Raster> {
  const suit = format === "jpeg" ? flattenOnWhite : toEightBits;
  const isSuited = bitDepth(raster) === 8 && !(format === "jpeg" && hasAlpha(raster));
  if (isSuited || holdsSixteenBits(format) || format === "avif") return raster;
  const { width, height, channels, data } = raster;
  const toChannels = format === "jpeg" && hasAlpha(raster) ? ((channels - 1) as Channels) : channels;
  const out = createRaster(width, height, toChannels);
  const yieldToEventLoop = createYield();
  for (let y = 0; y < height; y += 16) {
    const lines = Math.min(16, height - y);
    const strip = data.subarray(y * width * channels, (y + lines) * width * channels);
    out.data.set(suit({ ...raster, height: lines, data: strip }).data, y * width * toChannels);
    await yieldToEventLoop();
  }
  return out;
}

/**
 * To optimise its codes a JPEG encoder holds the whole image as coefficients, 12 bytes a pixel. Above this
 * many pixels the memory is worth more than a file a few per cent smaller.
 */
const optimisedPixels = 48e6;

function asFormat(image: Sharp, raster: Raster, options: EncodeOptions, motion?: Animation): Sharp {
  const moving = motion && { delay: [...motion.delays], loop: motion.loops };
  const { metadata = {} } = options;
  const quality = options.quality ?? 0;
  const lossless = options.lossless ?? (options.quality === undefined && metadata.lossless === true);
  switch (options.format) {
    case "png":
      return image.png({ compressionLevel: 6, adaptiveFiltering: true });
    case "jpeg": {
      const optimiseCoding = raster.width * raster.height <= optimisedPixels;
      return image.jpeg({
        quality: quality || defaultQuality.jpeg,
        chromaSubsampling: "4:4:4",
        optimiseCoding,
      });
    }
    case "webp":
      return lossless
        ? image.webp({ lossless: true, exact: true, effort: 4, ...moving })
        : image.webp({ quality: quality || defaultQuality.webp, effort: 4, ...moving });
    case "avif": {
      const bits = bitDepth(raster) === 16 ? { bitdepth: avifBits(options) } : {};
      const common = { ...bits, chromaSubsampling: "4:4:4", effort: 3 };
      return image.avif(
        lossless ? { ...common, lossless: true } : { ...common, quality: quality || defaultQuality.avif },
      );
    }
    case "tiff": {
      const bigtiff = raster.data.byteLength > 3.5e9;
      return image.tiff({ compression: "lzw", predictor: "horizontal", bigtiff });
    }
    case "gif":
      return image.gif({ ...moving });
  }
}
