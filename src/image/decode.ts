import type { Metadata as SharpMetadata } from "sharp";
import { checkOptions, type OptionType } from "../base/arguments.js";
import { isOutOfMemory, oneLine, SamsrError } from "../base/errors.js";
import { decodeApng } from "./apng.js";
import { asStill, bmffSize, sequenceFrames } from "./containers/bmff.js";
import { join } from "./containers/bytes.js";
import { labAsRgb } from "./containers/tiff.js";
import { type FileFacts, readFacts } from "./facts.js";
import { readForeign } from "./foreign.js";
import type { InputFormat } from "./formats.js";
import { checkLimits, LIMIT_TYPES, type Limits, limitsOf } from "./limits.js";
import type { Metadata } from "./metadata/index.js";
import { isConverted, labToRgb, type OpenOptions, openSharp, readPixels, type Strictness } from "./pixels.js";
import type { Raster } from "./raster.js";
import { bitDepth, hasAlpha } from "./raster.js";
import { kindByName, recognise } from "./recognise.js";
import { openForReading, readHead } from "./recognise-file.js";
import { plainBytes } from "./sharp-raster.js";
import { type PictureSource, pathOrBytes } from "./source.js";

export interface Picture {
  readonly raster: Raster;
  readonly metadata: Metadata;
  /**
   * What the file has that did not come along or may look wrong, each the end of a sentence that begins with
   * its name.
   */
  readonly warnings: readonly string[];
}

export interface DecodeOptions extends Limits {
  /** What errors call the input; the path, or "the input" for bytes. */
  readonly name?: string;
  /** Takes a damaged or truncated picture as far as it goes, with a warning. */
  readonly tolerant?: boolean;
  /** Gives up between reading and decoding, and between pages. */
  readonly signal?: AbortSignal;
}

/** What the options are called, and of which type. */
export const DECODE_OPTIONS = {
  name: "string",
  tolerant: "boolean",
  signal: "signal",
  ...LIMIT_TYPES,
} as const satisfies Record<keyof DecodeOptions, OptionType>;

/** How the frames of a moving picture follow each other. */
export interface Animation {
  /** Milliseconds that each frame is shown. */
  readonly delays: readonly number[];
  /** How often all frames are shown; 0 for ever. */
  readonly loops: number;
}

/** A file of one or more pages or frames, whose pixels are decoded when they are asked for. */
export interface OpenedPicture {
  readonly metadata: Metadata;
  readonly warnings: readonly string[];
  /** Pages or frames that {@link page} gives. */
  readonly pages: number;
  /** Set where the pages are frames of a moving picture; all have one size then. */
  readonly animation?: Animation;
  /** Returns the upright pixels of a page, from 0. @throws SamsrError where they are damaged */
  page(index: number): Promise<Raster>;
}

const readable = "samsr reads JPEG, PNG, WebP, AVIF, TIFF, GIF, BMP, HEIC and JPEG XL";

/**
 * Reads a picture: JPEG, PNG, WebP, AVIF, TIFF, GIF, BMP, HEIC or JPEG XL (of several pages or frames, the
 * first, with a warning).
 *
 * Pixels come upright (EXIF orientation is applied, and reset in the EXIF that is kept) and in the colour
 * space of the file's profile, which is kept beside them and not applied. 16 bits stay 16 bits, grey stays
 * grey, a palette becomes RGB or RGBA, and CMYK and Lab become sRGB without a profile.
 *
 * @param input a path, a file: URL, or the bytes of a file
 * @throws SamsrError of one line that names the input: missing, unreadable, no regular file, empty, not a
 * picture, damaged or truncated, over a limit; the signal's reason
 */
export async function decode(input: PictureSource, options: DecodeOptions = {}): Promise<Picture> {
  const opened = await openPicture(input, options);
  const { metadata, pages } = opened;
  const what = opened.animation || metadata.format === "avif" ? "frames" : "pages";
  const more = metadata.pageCount > 1 ? [`only the first of its ${metadata.pageCount} ${what} is read`] : [];
  // A file whose other frames cannot be read says so already.
  const warnings = pages > 1 ? [...opened.warnings, ...more] : opened.warnings;
  return { raster: await opened.page(0), metadata, warnings };
}

/**
 * Opens a picture of any number of pages or frames, as {@link decode} reads it.
 *
 * @param from a path, a file: URL, or the bytes of a file
 * @throws SamsrError as {@link decode}
 */
export async function openPicture(from: PictureSource, options: DecodeOptions = {}): Promise<OpenedPicture> {
  checkOptions("decode", options, DECODE_OPTIONS);
  const input = pathOrBytes(from);
  const name = options.name ?? (typeof input === "string" ? input : "the input");
  options.signal?.throwIfAborted();
  const bytes = plainBytes(typeof input === "string" ? await read(input, name, options.signal) : input);
  const format = readableFormat(bytes, name);
  const source: Source = { name, bytes, format, options };
  try {
    if (format === "heic" || format === "avif") {
      // Before a decoder that prints what it thinks of sizes beyond its own.
      checkLimits(name, { ...bmffSize(bytes), bytes: 0 }, limitsOf(options));
    }
    if (format === "heic" || format === "jxl" || format === "bmp") return await openForeign(source, format);
    return await openOwn(source);
  } catch (error) {
    throw damaged(error, source);
  }
}

/**
 * Returns the format of a file by its first bytes (4 KiB are enough), before any decoder sees it.
 * @throws SamsrError of one line: empty, not a picture, or one that samsr does not read
 */
export function readableFormat(bytes: Uint8Array, name: string): InputFormat {
  if (bytes.length === 0) throw new SamsrError(`${name} is empty (0 bytes); ${readable}.`);
  const kind = recognise(bytes) ?? kindByName(name);
  if (kind === undefined) throw new SamsrError(`${name} is not a picture that samsr can read; ${readable}.`);
  if (kind.format !== undefined) return kind.format;
  throw new SamsrError(`${name} is ${kind.name}, which samsr cannot read; ${kind.advice}.`);
}

interface Source {
  readonly name: string;
  readonly bytes: Uint8Array;
  readonly format: InputFormat;
  readonly options: DecodeOptions;
}

/** Returns the error for a file that its decoder gave up on. */
function damaged(error: unknown, { name, format, options }: Source): unknown {
  if (error instanceof SamsrError || options.signal?.aborted) return error;
  // A decoder may complain many times; the first complaint is the reason.
  const [reason = ""] = (error as Error).message.split(/\n/);
  if (isOutOfMemory(error)) {
    return new SamsrError(
      `${name} cannot be decoded: there is not enough memory (${oneLine(reason, 120).trim()}).`,
    );
  }
  return new SamsrError(
    `${name} is a damaged or truncated ${format.toUpperCase()} file (${oneLine(reason, 120).trim()}).`,
  );
}

async function openForeign(source: Source, format: "heic" | "jxl" | "bmp"): Promise<OpenedPicture> {
  const { name, bytes, options } = source;
  const limits = limitsOf(options);
  const {
    raster,
    header,
    sampleBits,
    warnings: said,
  } = await readForeign(format, bytes, (size) =>
    checkLimits(name, { ...size, bytes: size.width * size.height * 8 }, limits),
  );
  const facts = readFacts(format, bytes, limits.metadataLimit, header);
  const metadata = {
    ...facts.said,
    format,
    bitDepth: bitDepth(raster),
    sampleBits,
    greyscale: raster.channels <= 2,
    hasAlpha: hasAlpha(raster),
    pageCount: 1,
  };
  return { metadata, warnings: [...facts.warnings, ...said], pages: 1, page: async () => raster };
}

async function openOwn(source: Source): Promise<OpenedPicture> {
  const { name, format, options } = source;
  const limits = limitsOf(options);
  const inContainer = format === "jpeg" || format === "png" || format === "webp";
  const early = inContainer ? readFacts(format, source.bytes, limits.metadataLimit) : undefined;
  const lab = format === "tiff" ? labAsRgb(source.bytes) : undefined;
  const still = format === "avif" ? asStill(source.bytes) : undefined;
  const bytes = lab?.bytes ?? early?.bytes ?? still ?? source.bytes;
  const header = await openSharp(bytes, { autoOrient: !inContainer }).metadata();
  const facts = early ?? readFacts(format, source.bytes, limits.metadataLimit, header);
  const count = facts.pngFrames || header.pages || 1;
  checkLimits(name, claimOf(header, isMoving(format, facts) ? count : 1, source.bytes.length), limits);
  if (count > limits.frameLimit)
    checkLimits(name, { ...claimOf(header, 1, source.bytes.length), frames: count }, limits);

  const readPage = async (from: DecoderInput, page: number, pages = 1): Promise<Raster> => {
    options.signal?.throwIfAborted();
    const place = count > 1 && !facts.pngFrames ? { page, pages } : {};
    const common = { ...place, strictness: from.strictness, autoOrient: !inContainer };
    const head = page === 0 ? header : await openSharp(from.bytes, common).metadata();
    if (page > 0) checkLimits(name, claimOf(head, 1, source.bytes.length), limits);
    const image = (more: OpenOptions) => openSharp(from.bytes, { ...common, ...more });
    const raster = await readPixels(image, head, facts.orientation, name);
    return lab ? labToRgb(raster, lab.signed) : raster;
  };
  const mended = await mend({ ...source, bytes }, (from) => readPage(from, 0));
  const raster = mended.value;

  const sequence = format === "avif" ? sequenceFrames(source.bytes) : 0;
  const warnings = [...facts.warnings];
  if (lab || isConverted(header)) {
    warnings.push(`its ${header.space === "cmyk" ? "CMYK" : "Lab"} colours become sRGB`);
  }
  if (mended.warning) warnings.push(mended.warning);
  if (sequence > 1) warnings.push(`only the first of its ${sequence} frames is read`);
  const { icc, ...said } = facts.said;
  const metadata: Metadata = {
    ...said,
    ...(icc && !lab && !isConverted(header) && { icc }),
    format,
    bitDepth: bitDepth(raster),
    sampleBits: Math.max(8, header.bitsPerSample ?? bitDepth(raster)),
    greyscale: raster.channels <= 2,
    hasAlpha: hasAlpha(raster),
    pageCount: Math.max(count, sequence),
  };
  const pages = await pagesOf({ source, header, facts, count, first: raster }, (page, pages) =>
    readPage(mended.from, page, pages),
  );
  return { metadata, warnings, pages: count, ...pages };
}

function isMoving(format: InputFormat, { pngFrames }: FileFacts): boolean {
  return format === "gif" || format === "webp" || pngFrames > 0;
}

/** Bits a pixel that no photo in AVIF comes down to. */
const fewestBits = 0.05;

/**
 * Returns what a file says it decodes to. AVIF's decoder holds the picture some six times over, which a photo
 * is worth and a file of next to nothing is not.
 */
function claimOf(header: SharpMetadata, frames: number, fileBytes: number) {
  const { width, height, channels, depth, format } = header;
  const sample = depth === "uchar" ? 1 : depth === "ushort" ? 2 : 4;
  const suspicious = format === "heif" && 8 * fileBytes < fewestBits * width * height;
  const held = suspicious ? 6 : 1;
  return { width, height, frames, bytes: width * height * frames * (channels ?? 4) * sample * held };
}

/** What a decoder is given, and how strict it is to be. */
interface DecoderInput {
  readonly bytes: Uint8Array;
  readonly strictness: Strictness;
}

/**
 * Decodes what is whole, or whole but for its end marker; and, where that is asked for, what is there of the
 * rest.
 * @throws what the decoder throws
 */
async function mend<T>(
  { bytes, format, options }: Source,
  attempt: (from: DecoderInput) => Promise<T>,
): Promise<{ value: T; from: DecoderInput; warning?: string }> {
  const tries: { from: DecoderInput; warning?: string }[] = [{ from: { bytes, strictness: "error" } }];
  if (format === "jpeg" && !(bytes.at(-2) === 0xff && bytes.at(-1) === 0xd9)) {
    const ended = join(withoutPadding(bytes), Uint8Array.of(0xff, 0xd9));
    tries.push({ from: { bytes: ended, strictness: "warning" }, warning: "its end marker is missing" });
  }
  if (options.tolerant) {
    const warning = "is damaged or truncated; it is taken as far as it goes";
    tries.push({ from: { bytes, strictness: "none" }, warning });
  }
  let failure: unknown;
  for (const { from, warning } of tries) {
    try {
      return { value: await attempt(from), from, ...(warning && { warning }) };
    } catch (error) {
      if (error instanceof SamsrError || options.signal?.aborted) throw error;
      failure ??= error;
    }
  }
  throw failure;
}

/**
 * Returns a JPEG without the zeros that a disk or a rescue put where its end was; one behind 0xff belongs to
 * it.
 */
function withoutPadding(bytes: Uint8Array): Uint8Array {
  let end = bytes.length;
  while (end > 2 && bytes[end - 1] === 0) end--;
  return bytes.subarray(0, end < bytes.length && bytes[end - 1] === 0xff ? end + 1 : end);
}

/** Tells how the pages of a file are come by, once its first is decoded. */
async function pagesOf(
  opened: { source: Source; header: SharpMetadata; facts: FileFacts; count: number; first: Raster },
  read: (page: number, pages: number) => Promise<Raster>,
): Promise<Pick<OpenedPicture, "animation" | "page">> {
  const { source, header, facts, count, first } = opened;
  const { width, height, channels } = first;
  if (facts.pngFrames > 1) {
    const { frames, ...animation } = await decodeApng(source.bytes, source.options.signal);
    return { animation, page: async (index) => frames[index]! };
  }
  if (count === 1 || !isMoving(source.format, facts)) {
    const page = (index: number) => read(index, 1).catch((error) => Promise.reject(damaged(error, source)));
    return { page: async (index) => (index === 0 ? first : page(index)) };
  }
  // A frame builds on those before it, so all are decoded in one go, once one beyond the first is asked for.
  let strip: Promise<Raster> | undefined;
  return {
    animation: { delays: delaysOf(header, count), loops: header.loop ?? 0 },
    async page(index) {
      if (index === 0) return first;
      strip ??= read(0, -1).catch((error) => Promise.reject(damaged(error, source)));
      const { data } = await strip;
      const length = data.length / count;
      return { width, height, channels, data: data.slice(index * length, (index + 1) * length) };
    },
  };
}

/**
 * Returns the delays of frames as they are shown: GIF's of 0 and 10 ms are shown as 100 ms by every browser.
 */
function delaysOf({ delay = [] }: SharpMetadata, count: number): number[] {
  return Array.from({ length: count }, (_, i) => {
    const milliseconds = delay[i] ?? delay.at(-1) ?? 100;
    return milliseconds <= 10 ? 100 : milliseconds;
  });
}

/** Node reads no more in one go. */
const MOST_BYTES = 2 ** 31 - 1;

const notRegular = (name: string) =>
  new SamsrError(`${name} is no regular file (a device, pipe or socket); only files are read.`);

/** Reads all of a file, or no more than its beginning where that shows no picture which samsr reads. */
async function read(path: string, name: string, signal?: AbortSignal): Promise<Uint8Array> {
  try {
    const file = await openForReading(path);
    try {
      const facts = await file.stat();
      if (facts.isDirectory()) throw new SamsrError(`${name} is a directory; a file was expected.`);
      if (!facts.isFile()) throw notRegular(name);
      const head = await readHead(file);
      if (recognise(head)?.format === undefined) return head;
      if (facts.size > MOST_BYTES)
        throw new SamsrError(`${name} is larger than 2 GiB; samsr reads no larger files.`);
      return await file.readFile({ signal });
    } finally {
      await file.close();
    }
  } catch (error) {
    if (error instanceof SamsrError || signal?.aborted) throw error;
    const { code, message } = error as NodeJS.ErrnoException;
    if (code === "ENOENT") throw new SamsrError(`${name} does not exist.`);
    // A socket.
    if (code === "ENXIO") throw notRegular(name);
    if (code === "EACCES" || code === "EPERM") throw new SamsrError(`${name} cannot be read: no permission.`);
    if (code === "EMFILE" || code === "ENFILE") {
      throw new SamsrError(`${name} cannot be read: too many files are open; allow more (ulimit -n).`);
    }
    throw new SamsrError(`${name} cannot be read (${message}).`);
  }
}
