import { writeFile } from "node:fs/promises";
import type { Raw, Sharp } from "sharp";
import sharp from "sharp";
import { SamsrError } from "../base/errors.js";
import { createYield } from "../base/event-loop.js";
import type { OutputFormat } from "./formats.js";
import type { Metadata } from "./metadata.js";
import { metadataPng } from "./png-metadata.js";
import type { Channels, Raster } from "./raster.js";
import { bitDepth, createRaster, flattenOnWhite, hasAlpha, toEightBits } from "./raster.js";
import type { WriteOptions } from "./write-file.js";
import { writeFileAtomically } from "./write-file.js";

export interface EncodeOptions {
  format: OutputFormat;
  /** 1..100, for the lossy formats; `defaultQuality` when not given. PNG and TIFF are always lossless. */
  quality?: number;
  /** What `decode` returned; profile, EXIF, XMP, IPTC (JPEG) and density are written. */
  metadata?: Partial<Metadata>;
}

/** High enough that the codec does not undo what the network restored. */
export const defaultQuality = { jpeg: 92, webp: 92, avif: 80 } as const;

/** The longest side of an image in each format (for AVIF, in this encoder). */
export const sideLimit = {
  png: 2 ** 31 - 1,
  jpeg: 65535,
  webp: 16383,
  avif: 16384,
  tiff: 2 ** 31 - 1,
} as const;

/** Whether a format can hold 16 bits a channel. */
export function holdsSixteenBits(format: OutputFormat): boolean {
  return format === "png" || format === "tiff";
}

/**
 * Throws when an image of this size cannot be written in this format, or the quality is no quality: to be
 * asked before the work.
 * @throws SamsrError
 */
export function checkEncodable(size: { width: number; height: number }, options: EncodeOptions): void {
  const { format, quality } = options;
  const limit = sideLimit[format];
  if (limit === undefined) {
    throw new SamsrError(`Unknown format "${format}"; choose png, jpeg, webp, avif or tiff.`);
  }
  if (quality !== undefined && !(quality >= 1 && quality <= 100)) {
    throw new SamsrError(`The quality must be from 1 to 100, not ${quality}.`);
  }
  if (size.width > limit || size.height > limit) {
    throw new SamsrError(
      `An image of ${size.width} x ${size.height} pixels is too large for ${format.toUpperCase()}, which ends ` +
        `at ${limit} a side; choose PNG or TIFF, or a smaller scale.`,
    );
  }
}

/**
 * A raster as the bytes of a file. PNG and TIFF take 16 bits as they are; the other formats get 8, rounded.
 * JPEG has no transparency: colour is laid over white. Pixel values are written as they are, in the colour
 * space of `metadata.icc`, which goes into the file.
 *
 * @throws SamsrError when the image is too large for the format
 */
export async function encode(raster: Raster, options: EncodeOptions): Promise<Uint8Array> {
  const bytes = await (await encoder(raster, options)).toBuffer();
  return withIptc(bytes, options);
}

/**
 * Encodes into a file, whole or not at all (see `writeFileAtomically`), without holding the encoded bytes
 * where the format allows it.
 *
 * @throws SamsrError when the image is too large for the format or the file cannot be written
 */
export async function encodeToFile(
  raster: Raster,
  path: string,
  options: EncodeOptions & WriteOptions,
): Promise<void> {
  checkEncodable(raster, options);
  const content = async (temporaryPath: string) => {
    // A segment added behind the encoder needs the bytes; they are few beside the pixels.
    if (options.format === "jpeg" && options.metadata?.iptc !== undefined) {
      await writeFile(temporaryPath, await encode(raster, options));
    } else await (await encoder(raster, options)).toFile(temporaryPath);
  };
  await writeFileAtomically(path, content, options);
}

async function encoder(original: Raster, options: EncodeOptions): Promise<Sharp> {
  checkEncodable(original, options);
  const { format, metadata = {} } = options;
  const raster = await suited(original, format);
  const { width, height, channels, data } = raster;
  const grey = channels < 3;
  const space = bitDepth(raster) === 16 ? (grey ? "grey16" : "rgb16") : grey ? "b-w" : "srgb";
  const raw = { width, height, channels };
  const kept = fitting(metadata, raster, format);
  let image = sharp(metadataPng(raster, kept), { limitInputPixels: false })
    .extend({ right: width - 1, bottom: height - 1, extendWith: "copy" })
    // The operand may be any typed array, like an input; the types know only of Buffer.
    .boolean(data as Buffer, "or", { raw, limitInputPixels: false } as { raw: Raw })
    .toColourspace(space);
  if (kept.icc !== undefined) image = image.keepIccProfile();
  if (kept.xmp !== undefined) image = image.keepXmp();
  // Asked to keep EXIF where there is none, the encoder makes some up.
  if (kept.exif !== undefined) image = image.keepExif();
  return asFormat(image, raster, options);
}

/** The raster with no more depth and channels than the format holds. */
async function suited(raster: Raster, format: OutputFormat): Promise<Raster> {
  const suit = format === "jpeg" ? flattenOnWhite : toEightBits;
  const isSuited = bitDepth(raster) === 8 && !(format === "jpeg" && hasAlpha(raster));
  if (isSuited || holdsSixteenBits(format)) return raster;
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
 * To optimise its codes a JPEG encoder holds the whole image as coefficients, 12 bytes a pixel. Above this many pixels the
 * memory is worth more than a file a few per cent smaller.
 */
const optimisedPixels = 48e6;

function asFormat(image: Sharp, raster: Raster, options: EncodeOptions): Sharp {
  const { metadata = {} } = options;
  const quality = options.quality ?? 0;
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
      return image.webp({ quality: quality || defaultQuality.webp, effort: 4 });
    case "avif":
      return image.avif({ quality: quality || defaultQuality.avif, chromaSubsampling: "4:4:4", effort: 3 });
    case "tiff": {
      const perMillimetre = metadata.density === undefined ? {} : resolution(metadata.density);
      const bigtiff = raster.data.byteLength > 3.5e9;
      return image.tiff({ compression: "lzw", predictor: "horizontal", bigtiff, ...perMillimetre });
    }
  }
}

function resolution(density: number): { xres: number; yres: number; resolutionUnit: "inch" } {
  return { xres: density / 25.4, yres: density / 25.4, resolutionUnit: "inch" };
}

/** A JPEG keeps EXIF and XMP in one segment each, of at most 64 KiB with its name. */
const jpegSegmentLimit = 65_400;

/** The metadata without what the format has no place for. */
function fitting(metadata: Partial<Metadata>, raster: Raster, format: OutputFormat): Partial<Metadata> {
  const out = { ...metadata };
  // These two have no grey: the file holds RGB, which a grey profile does not describe.
  if (raster.channels < 3 && (format === "webp" || format === "avif")) delete out.icc;
  if (format === "jpeg") {
    if ((out.exif?.length ?? 0) > jpegSegmentLimit) delete out.exif;
    if ((out.xmp?.length ?? 0) > jpegSegmentLimit) delete out.xmp;
  }
  return out;
}

/** Adds the Photoshop segment of a JPEG, which a PNG cannot hold, behind the segment that must be first. */
function withIptc(bytes: Uint8Array, options: EncodeOptions): Uint8Array {
  const iptc = options.metadata?.iptc;
  if (options.format !== "jpeg" || iptc === undefined || iptc.length > jpegSegmentLimit) return bytes;
  const name = new TextEncoder().encode("Photoshop 3.0\0");
  if (!name.every((byte, i) => iptc[i] === byte)) return bytes;
  const startOfImage = 2;
  const hasJfif = bytes[2] === 0xff && bytes[3] === 0xe0;
  const at = hasJfif ? startOfImage + 2 + bytes[4]! * 256 + bytes[5]! : startOfImage;
  const length = iptc.length + 2;
  const out = new Uint8Array(bytes.length + length + 2);
  out.set(bytes.subarray(0, at));
  out.set([0xff, 0xed, length >> 8, length & 255], at);
  out.set(iptc, at + 4);
  out.set(bytes.subarray(at), at + 4 + iptc.length);
  return out;
}
