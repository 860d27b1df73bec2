import { readFile, stat } from "node:fs/promises";
import type { Sharp, Metadata as SharpMetadata } from "sharp";
import sharp from "sharp";
import { SamsrError } from "../base/errors.js";
import type { InputFormat, Metadata } from "./metadata.js";
import { bareExif, exifDensity, latin1, uprightExif, uprightXmp } from "./metadata.js";
import type { Raster } from "./raster.js";
import { bitDepth, hasAlpha } from "./raster.js";
import { plainBytes, readRaster } from "./sharp-raster.js";

export interface Picture {
  raster: Raster;
  metadata: Metadata;
}

export interface DecodeOptions {
  /** What errors call the input; the path, or "the input" for bytes. */
  name?: string;
  /** The most pixels an input may have; `defaultPixelLimit` when not given. */
  pixelLimit?: number;
}

/**
 * A hundred megapixels: more than any common camera has, and few enough that a small file which unpacks to
 * gigabytes is refused from its header.
 */
export const defaultPixelLimit = 100_000_000;

const readable = "samsr reads JPEG, PNG, WebP, AVIF, TIFF and GIF";

/**
 * Reads a picture: JPEG, PNG, WebP, AVIF, TIFF or GIF (of several pages or frames, the first).
 *
 * Pixels come upright (EXIF orientation is applied, and reset in the EXIF that is kept) and in the colour
 * space of the file's profile, which is kept beside them and not applied. 16 bits stay 16 bits, grey stays
 * grey, a palette becomes RGB or RGBA, and CMYK becomes sRGB without a profile.
 *
 * @param input a path, or the bytes of a file
 * @throws SamsrError of one line that names the input: missing, unreadable, a directory, empty, not a
 * picture, damaged or truncated, over the pixel limit
 */
export async function decode(input: Uint8Array | string, options: DecodeOptions = {}): Promise<Picture> {
  const name = options.name ?? (typeof input === "string" ? input : "the input");
  const { pixelLimit = defaultPixelLimit } = options;
  const bytes = typeof input === "string" ? await read(input, name) : input;
  if (bytes.length === 0) throw new SamsrError(`${name} is empty (0 bytes); ${readable}.`);
  const format = sniff(bytes);
  if (format === undefined)
    throw new SamsrError(`${name} is not a picture that samsr can read; ${readable}.`);
  if (format === "heic") {
    throw new SamsrError(`${name} is a HEIC picture, which samsr cannot read; convert it, ${readable}.`);
  }

  try {
    const header = await open(bytes).metadata();
    const pixels = header.width * header.height;
    if (pixels > pixelLimit) {
      throw new SamsrError(
        `${name} has ${header.width} x ${header.height} pixels, ${megapixels(pixels)}, over the limit of ` +
          `${megapixels(pixelLimit)}; make it smaller, or raise the limit.`,
      );
    }
    const raster = await readPixels(bytes, header, name);
    return { raster, metadata: metadataOf(format, header, raster) };
  } catch (error) {
    if (error instanceof SamsrError) throw error;
    const reason = (error as Error).message.replace(/\s+/g, " ").trim();
    throw new SamsrError(`${name} is a damaged or truncated ${format.toUpperCase()} file (${reason}).`);
  }
}

function megapixels(pixels: number): string {
  return `${Math.round(pixels / 1e4) / 100} megapixels`;
}

async function read(path: string, name: string): Promise<Uint8Array> {
  try {
    if ((await stat(path)).isDirectory())
      throw new SamsrError(`${name} is a directory; a file was expected.`);
    return await readFile(path);
  } catch (error) {
    if (error instanceof SamsrError) throw error;
    const { code, message } = error as NodeJS.ErrnoException;
    if (code === "ENOENT") throw new SamsrError(`${name} does not exist.`);
    if (code === "EACCES" || code === "EPERM") throw new SamsrError(`${name} cannot be read: no permission.`);
    throw new SamsrError(`${name} cannot be read (${message}).`);
  }
}

/** The format by a file's first bytes. Only formats named here ever reach the decoders. */
function sniff(bytes: Uint8Array): InputFormat | "heic" | undefined {
  const head = latin1(bytes.subarray(0, 64));
  if (head.startsWith("\xff\xd8\xff")) return "jpeg";
  if (head.startsWith("\x89PNG\r\n\x1a\n")) return "png";
  if (head.startsWith("GIF87a") || head.startsWith("GIF89a")) return "gif";
  if (head.startsWith("RIFF") && head.slice(8, 12) === "WEBP") return "webp";
  if (/^(II[*+]\0|MM\0[*+])/.test(head)) return "tiff";
  if (head.slice(4, 8) === "ftyp") {
    if (/avi[fs]/.test(head.slice(8))) return "avif";
    if (/hei[cxms]|hev[cxms]|mif1/.test(head.slice(8))) return "heic";
  }
  return undefined;
}

function open(bytes: Uint8Array, options: { ignoreIcc?: boolean } = {}): Sharp {
  // The pixel limit is checked from the header with an error of our own.
  return sharp(bytes, { failOn: "error", limitInputPixels: false, autoOrient: true, ...options });
}

async function readPixels(bytes: Uint8Array, header: SharpMetadata, name: string): Promise<Raster> {
  if (header.depth !== "uchar" && header.depth !== "ushort") {
    throw new SamsrError(`${name} has pixels of type ${header.depth}; samsr reads 8 and 16 bits a channel.`);
  }
  const converted = isConverted(header);
  const grey = header.space === "b-w" || header.space === "grey16";
  const raster = await readRaster(open(bytes, { ignoreIcc: !converted }), {
    grey,
    alpha: header.hasAlpha,
    bits: header.depth === "ushort" && !converted ? 16 : 8,
  });
  if (raster.channels > 4) {
    throw new SamsrError(
      `${name} has ${raster.channels} channels; samsr reads grey and RGB, with or without alpha.`,
    );
  }
  return raster;
}

/** Colour that is neither grey nor RGB comes as sRGB, and its profile goes. */
function isConverted(header: SharpMetadata): boolean {
  return header.space === "cmyk" || header.space === "lab" || header.space === "labs";
}

function metadataOf(format: InputFormat, header: SharpMetadata, raster: Raster): Metadata {
  const metadata: Metadata = {
    format,
    bitDepth: bitDepth(raster),
    greyscale: raster.channels <= 2,
    hasAlpha: hasAlpha(raster),
    pageCount: header.pages ?? 1,
  };
  const exif = header.exif && bareExif(header.exif);
  const density = header.density ?? (exif && exifDensity(exif));
  if (density !== undefined) metadata.density = density;
  if (header.icc && !isConverted(header)) metadata.icc = plainBytes(header.icc);
  if (exif) metadata.exif = uprightExif(exif);
  if (header.xmp) metadata.xmp = uprightXmp(plainBytes(header.xmp));
  if (header.iptc) metadata.iptc = plainBytes(header.iptc);
  return metadata;
}
