/**
 * Pictures by the browser's own decoders and encoders: from the bytes of a file to a raster with its
 * metadata, and back. What a canvas cannot hold (16 bits, exact colours under transparency) goes by a decoder
 * of PNG in JavaScript, and TIFF, which browsers do not know, by another.
 */
import { decode as decodePng } from "fast-png";
import { checkArgument, checkOptions, checkText } from "../base/arguments.js";
import { SamsrError } from "../base/errors.js";
import { printable } from "../base/printable.js";
import { addMetadata } from "../image/add-metadata.js";
import { carry } from "../image/carry.js";
import { spells } from "../image/containers/bytes.js";
import { jpegFrame } from "../image/containers/jpeg.js";
import { memoryStore } from "../image/containers/store.js";
import { checkEncodable, defaultQuality, ENCODE_OPTIONS, encodingLosses } from "../image/encoding.js";
import { readFacts } from "../image/facts.js";
import type { InputFormat } from "../image/formats.js";
import { checkLimits, LIMIT_TYPES, type Limits, limitsOf } from "../image/limits.js";
import type { Metadata } from "../image/metadata/index.js";
import {
  bitDepth,
  type Channels,
  checkRaster,
  flattenOnWhite,
  hasAlpha,
  type Raster,
  toEightBits,
} from "../image/raster.js";
import { recognise } from "../image/recognise.js";
import { contextOf, rasterOfBitmap, toImageData } from "./image-data.js";
import { moves } from "./moving.js";
import type { PageEncodeOptions, PagePicture } from "./picture-types.js";
import { encodePng } from "./png.js";
import { sizeOf } from "./size.js";
import { decodeTiff } from "./tiff.js";

/** What most browsers do not decode, and what makes another file of it. */
const NO_DECODER: Partial<Record<InputFormat, string>> = {
  heic:
    "a HEIC picture, which this browser does not read; save it as JPEG in the phone's or computer's own " +
    "photo viewer, or give it to the samsr command",
  jxl:
    "a JPEG XL picture, which this browser does not read; make a PNG of it with djxl, or give it to the " +
    "samsr command",
};

/**
 * Reads a picture of a format that the browser knows, or a TIFF, upright, in the colour space of its profile.
 * PNG and TIFF keep 16 bits; grey stays grey; of an animation the first frame is read, of a TIFF the first
 * page, with a warning.
 *
 * @param name what errors call it
 * @throws SamsrError of one line for what is no picture, is damaged, or is over a limit
 */
export async function decodePicture(
  file: Blob,
  name = "the picture",
  limits: Limits = {},
): Promise<PagePicture> {
  checkArgument("decodePicture: the file", file, file instanceof Blob, "a Blob");
  checkText("decodePicture: the name", name);
  checkOptions("decodePicture", limits, LIMIT_TYPES);
  const bytes = new Uint8Array(await file.arrayBuffer());
  if (bytes.length === 0) throw new SamsrError(`${name} is empty.`);
  const kind = recognise(bytes);
  if (!kind) {
    const packed = spells(bytes, "PK\x03\x04");
    throw new SamsrError(
      packed
        ? `${name} is a zip archive; unpack it, and give the pictures.`
        : `${name} is no picture that samsr knows.`,
    );
  }
  if (!kind.format)
    throw new SamsrError(`${name} is ${kind.name}, which samsr does not read; ${kind.advice}.`);
  const { format } = kind;
  const all = limitsOf(limits);
  const size = sizeOf(bytes);
  if (size) checkLimits(name, { ...size, bytes: 4 * size.width * size.height }, all);
  const tiff = format === "tiff" ? await readTiff(bytes, name) : undefined;
  const facts = readFacts(format, bytes, all.metadataLimit, tiff?.header);
  const warnings = [...facts.warnings];
  const header = format === "png" ? pngHeader(bytes) : undefined;
  const exact = header && (header.bits === 16 || header.alpha);
  let raster: Raster;
  try {
    raster = tiff
      ? tiff.raster
      : exact
        ? fromPng(facts.bytes)
        : await fromBrowser(new Blob([facts.bytes as BlobPart], { type: file.type }), name, all);
  } catch (cause) {
    if (cause instanceof SamsrError) throw cause;
    const reason = NO_DECODER[format]
      ? `is ${NO_DECODER[format]}`
      : `cannot be decoded: it is damaged, or this browser does not know ${kind.name}`;
    throw new SamsrError(`${name} ${reason}.`, { cause });
  }
  const said = { ...facts.said };
  if (format === "jpeg" && jpegFrame(bytes)?.components === 4) {
    warnings.push("is CMYK, and was made RGB without its profile");
    delete said.icc;
  }
  if (tiff?.more) warnings.push("has several pages; the first is enlarged");
  if (facts.pngFrames > 1 || moves(bytes)) warnings.push("moves; its first frame is enlarged");
  if (format === "avif") warnings.push("loses its metadata: a page does not read those of AVIF");
  const metadata: Metadata = {
    format,
    bitDepth: bitDepth(raster),
    sampleBits: tiff?.sampleBits ?? header?.bits ?? bitDepth(raster),
    greyscale: raster.channels < 3,
    hasAlpha: hasAlpha(raster),
    pageCount: 1,
    ...said,
  };
  return { raster, metadata, warnings };
}

/**
 * Writes a raster as a file, with what its metadata say and the format has a place for. JPEG has no
 * transparency: colour is laid over white. PNG keeps 16 bits.
 * @throws SamsrError where the browser cannot encode the format, or the picture is too large for it
 */
export async function encodePicture(
  raster: Raster,
  options: PageEncodeOptions,
): Promise<{ file: Blob; warnings: readonly string[] }> {
  checkRaster(raster);
  checkOptions("encodePicture", options, ENCODE_OPTIONS);
  const { format, quality, metadata = {}, density } = options;
  checkEncodable(raster, options);
  const suited = format === "png" ? raster : format === "jpeg" ? flattenOnWhite(raster) : toEightBits(raster);
  const store = memoryStore(
    format === "png" ? await encodePng(suited) : await byCanvas(suited, format, quality),
  );
  // A canvas has written RGB.
  const greyscale = format === "png" && suited.channels < 3;
  await addMetadata(
    store,
    { ...suited, alpha: hasAlpha(suited) },
    format,
    carry(metadata, { ...suited, greyscale }, format, density),
  );
  const file = new Blob([store.bytes() as BlobPart], { type: `image/${format}` });
  return { file, warnings: encodingLosses(suited, options) };
}

async function readTiff(bytes: Uint8Array, name: string) {
  try {
    return await decodeTiff(bytes);
  } catch (cause) {
    const reason = cause instanceof Error ? cause.message : String(cause);
    throw new SamsrError(
      `${name} is damaged, or a TIFF of a kind that a page does not read (${printable(reason)}); save it with 8 ` +
        "or 16 bits and LZW, or give it to the samsr command.",
      { cause },
    );
  }
}

async function fromBrowser(file: Blob, name: string, limits: Required<Limits>): Promise<Raster> {
  // Values as they are in the file: the profile is kept beside them.
  const bitmap = await createImageBitmap(file, { colorSpaceConversion: "none", premultiplyAlpha: "none" });
  try {
    const { width, height } = bitmap;
    checkLimits(name, { width, height, bytes: 4 * width * height }, limits);
    return rasterOfBitmap(bitmap);
  } finally {
    bitmap.close();
  }
}

function fromPng(bytes: Uint8Array): Raster {
  const { width, height, data, channels, palette } = decodePng(bytes);
  if (palette) throw new Error("a palette is for the browser");
  return {
    width,
    height,
    channels: channels as Channels,
    data: data instanceof Uint16Array ? data : new Uint8Array(data),
  };
}

async function byCanvas(raster: Raster, format: "jpeg" | "webp", quality?: number): Promise<Uint8Array> {
  const canvas = new OffscreenCanvas(raster.width, raster.height);
  contextOf(canvas).putImageData(toImageData(raster), 0, 0);
  const type = `image/${format}`;
  const percent = quality ?? defaultQuality[format];
  const file = await canvas.convertToBlob({ type, quality: percent / 100 });
  if (file.type !== type) {
    throw new SamsrError(`This browser writes no ${format === "webp" ? "WebP" : "JPEG"}; choose PNG.`);
  }
  return new Uint8Array(await file.arrayBuffer());
}

/** Bits a sample and whether there is alpha, from a PNG's IHDR; a palette is left to the browser. */
function pngHeader(bytes: Uint8Array): { bits: number; alpha: boolean } {
  const [bits, colourType] = [bytes[24] ?? 8, bytes[25] ?? 2];
  return { bits: bits === 16 ? 16 : 8, alpha: colourType === 4 || colourType === 6 };
}
