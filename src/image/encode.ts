import { open, writeFile } from "node:fs/promises";
import type { Sharp } from "sharp";
import sharp from "sharp";
import { checkOptions } from "../base/arguments.js";
import { createYield } from "../base/event-loop.js";
import { addMetadata } from "./add-metadata.js";
import { carry } from "./carry.js";
import { join } from "./containers/bytes.js";
import { fileStore, memoryStore, type Store } from "./containers/store.js";
import type { Animation } from "./decode.js";
import { encodePng, type RasterShape } from "./encode-png.js";
import {
  checkEncodable,
  defaultQuality,
  ENCODE_OPTIONS,
  type EncodeOptions,
  holdsSixteenBits,
} from "./encoding.js";
import type { Channels, Raster } from "./raster.js";
import { bitDepth, checkRaster, createRaster, flattenOnWhite, hasAlpha, toEightBits } from "./raster.js";
import { plainBytes } from "./sharp-raster.js";
import { pathOf } from "./source.js";
import type { WriteOptions } from "./write-file.js";
import { writeFileAtomically } from "./write-file.js";

/**
 * Encodes a raster as the bytes of a file. PNG and TIFF take 16 bits as they are, AVIF as 10 or 12; the other
 * formats get 8, rounded. JPEG has no transparency: colour is laid over white. Pixel values are written as
 * they are, in the colour space that the metadata tells, by a profile or whatever else the format has for it.
 *
 * @throws SamsrError when the image is too large for the format
 */
export async function encode(raster: Raster, options: EncodeOptions): Promise<Uint8Array> {
  checkOptions("encode", options, ENCODE_OPTIONS);
  checkRaster(raster);
  if (options.format === "png") return encodeRows([raster], shapeOf(raster), options);
  const { image, finish } = await encoder(raster, options);
  const store = memoryStore(plainBytes(await image.toBuffer()));
  await finish(store);
  return store.bytes();
}

/** Rows of a picture from top to bottom, as rasters one below the other, however many rows each has. */
export type Rows = AsyncIterable<Raster> | Iterable<Raster>;

/**
 * Encodes a picture as {@link encode} does while its rows come, without ever holding it whole. PNG alone is
 * written so.
 *
 * @throws SamsrError when the image is too large for the format; what `rows` throws
 */
export async function encodeRows(
  rows: Rows,
  shape: RasterShape,
  options: EncodeOptions,
): Promise<Uint8Array> {
  const parts: Uint8Array[] = [];
  for await (const part of rowsEncoder(rows, shape, options)) parts.push(part);
  return join(...parts);
}

/**
 * Encodes a picture into a file as {@link encodeToFile} does while its rows come, without ever holding it or
 * its bytes whole. PNG alone is written so.
 *
 * @throws SamsrError when the image is too large for the format or the file cannot be written; what `rows`
 *   throws
 */
export async function encodeRowsToFile(
  rows: Rows,
  shape: RasterShape,
  path: string,
  { overwrite, signal, secret, volatile, ...encoding }: EncodeOptions & WriteOptions,
): Promise<void> {
  const content = async (temporaryPath: string) => {
    const file = await open(temporaryPath, "r+");
    try {
      for await (const part of rowsEncoder(rows, shape, encoding)) {
        signal?.throwIfAborted();
        await file.writeFile(part);
      }
    } finally {
      await file.close();
    }
  };
  await writeFileAtomically(path, content, { overwrite, signal, secret, volatile });
}

function rowsEncoder(rows: Rows, shape: RasterShape, options: EncodeOptions): AsyncGenerator<Uint8Array> {
  checkEncodable(shape, options);
  const { metadata = {}, density } = options;
  return encodePng(rows, shape, carry(metadata, { ...shape, greyscale: shape.channels < 3 }, "png", density));
}

function shapeOf(raster: Raster): RasterShape {
  const { width, height, channels } = raster;
  return { width, height, channels, bits: bitDepth(raster) };
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
  if (encoding.format === "png") return encodeRowsToFile([raster], shapeOf(raster), path, options);
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
interface Encoder {
  readonly image: Sharp;
  finish(store: Store): Promise<void>;
}

/**
 * Returns the encoder of a raster, or of the frames of an animation as one raster, one below the other.
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
    finish: (store) => addMetadata(store, { ...shown, alpha: hasAlpha(raster) }, format, carried),
  };
}

/** Bits of an AVIF for a raster of 16: those of an AVIF that was read, or the most that there are. */
function avifBits({ metadata }: EncodeOptions): 10 | 12 {
  return metadata?.sampleBits === 10 ? 10 : 12;
}

/** Returns the raster with no more depth and channels than the format holds. */
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
 * The most pixels of a JPEG whose codes are optimised. For that an encoder holds the whole image as
 * coefficients, 12 bytes a pixel; above, the memory is worth more than a file a few per cent smaller.
 */
const optimisedPixels = 48e6;

function asFormat(image: Sharp, raster: Raster, options: EncodeOptions, motion?: Animation): Sharp {
  const moving = motion && { delay: [...motion.delays], loop: motion.loops };
  const { metadata = {} } = options;
  const quality = options.quality ?? 0;
  const lossless = options.lossless ?? (options.quality === undefined && metadata.lossless === true);
  switch (options.format) {
    case "png":
      throw new Error("PNG is written by its rows");
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
