/**
 * The one way of a picture from file to file: decoded, checked, enlarged, encoded. The command goes it for
 * each of its pictures, and so does whoever else has files or bytes.
 */
import { mkdir, stat } from "node:fs/promises";
import { dirname } from "node:path";
import { unlessAborted } from "../base/abort.js";
import { checkOptions, checkText, type OptionType } from "../base/arguments.js";
import { SamsrError } from "../base/errors.js";
import { createChannel } from "../base/promises.js";
import type { UpscalingModel } from "../checkpoints/description.js";
import { DECODE_OPTIONS } from "../image/decode.js";
import { encodeRows, encodeRowsToFile } from "../image/encode.js";
import type { RasterShape } from "../image/encode-png.js";
import { formatOfName } from "../image/formats.js";
import {
  type Animation,
  bitDepth,
  checkEncodable,
  checkWritable,
  type DecodeOptions,
  type EncodeOptions,
  encode,
  encodePages,
  encodeToFile,
  encodingLosses,
  formatLike,
  holdsPages,
  type Limits,
  type OpenedPicture,
  type OutputFormat,
  openPicture,
  type Picture,
  type Raster,
  writeFileAtomically,
} from "../image/index.js";
import { LIMIT_TYPES } from "../image/limits.js";
import { type PictureSource, pathOf } from "../image/source.js";
import { filesSource } from "../semantics/sources/files.js";
import { DEFAULT_MODEL } from "./default-model.js";
import type { EnlargementFacts } from "./enlarge.js";
import { type FrameBefore, frameCoverage, movedPixels, withStillParts } from "./frames.js";
import { kindOf } from "./kinds/index.js";
import { findUpscalingModel } from "./model.js";
import { coverageAhead } from "./semantics.js";
import {
  enlargedSize,
  type ResolvedSettings,
  resolveSettings,
  SETTING_TYPES,
  type UpscaleInfo,
  type UpscaleSettings,
} from "./settings.js";
import type { TracedStep } from "./trace.js";
import { JOB_OPTIONS, type JobOptions, type Upscaler } from "./upscaler.js";
import { createUpscaler, UPSCALER_OPTIONS, type UpscalerOptions } from "./upscaler-node.js";

/**
 * Masks that lie in files: a folder with one picture a mask, or one picture in which each colour is a region.
 */
export interface MaskFiles {
  readonly files: string;
}

/** The size of a result, where it is not told by `scale`. */
export interface WantedSize {
  /** Pixels across; the height follows. With `height` too, the result fits into both. */
  readonly width?: number;
  /** Pixels down; the width follows. */
  readonly height?: number;
  /** Pixels of the longer side. */
  readonly longest?: number;
}

export interface UpscaleOptions
  extends Omit<UpscaleSettings, "masks">,
    WantedSize,
    JobOptions,
    UpscalerOptions,
    Limits,
    Pick<DecodeOptions, "tolerant">,
    Pick<EncodeOptions, "quality" | "lossless" | "density"> {
  /**
   * The semantics, as in {@link UpscaleSettings}, or files of masks, which are fitted to the picture's size.
   */
  readonly masks?: UpscaleSettings["masks"] | MaskFiles;
  /**
   * One that is open already, for many pictures; it stays open. Then the options of opening one do not count.
   */
  readonly upscaler?: Upscaler;
  /**
   * The format of the result; default: by the name of the file that is written, else that of the input; PNG
   * for a GIF that does not move.
   */
  readonly format?: OutputFormat;
}

export interface UpscaleToFileOptions extends UpscaleOptions {
  /** Replace a file that exists; default false. */
  readonly overwrite?: boolean;
}

/** What the options are called, and of which type. */
const OPTIONS = {
  ...SETTING_TYPES,
  ...JOB_OPTIONS,
  ...UPSCALER_OPTIONS,
  upscaler: "object",
  width: "number",
  height: "number",
  longest: "number",
  format: "string",
  quality: "number",
  lossless: "boolean",
  density: "number",
  tolerant: "boolean",
  ...LIMIT_TYPES,
} as const satisfies Record<keyof UpscaleOptions, OptionType>;

/** A picture that was enlarged. */
export interface EnlargedPicture {
  readonly width: number;
  readonly height: number;
  readonly format: OutputFormat;
  /** Pages or frames that were written. */
  readonly pages: number;
  /** Facts of the first page. */
  readonly info: UpscaleInfo;
  /** The chain of the first page, where it was asked for. */
  readonly trace?: readonly TracedStep[];
  /**
   * What the input or the result has lost, each the end of a sentence that begins with the picture's name.
   */
  readonly warnings: readonly string[];
}

export interface UpscaledPicture extends EnlargedPicture {
  /** The bytes of a file. */
  readonly data: Uint8Array;
}

/**
 * Enlarges a picture: decodes it (see `decode` for the formats), upscales it and encodes it. Profile or other
 * words about colour, EXIF, XMP and density are kept, orientation is applied, 16 bits stay 16 bits where the
 * format has them. All pages of a TIFF and all frames of an animation are enlarged where the format of the
 * result holds them; what is lost is in `warnings`.
 *
 * @param input a path, a file: URL, the bytes of a file, or what `decode` or `openPicture` made of them
 * @example
 * const { data } = await upscale("photo.jpg", { seed: 7, format: "png" });
 * await writeFile("large.png", data);
 *
 * @throws SamsrError of one line, for an input that cannot be read, settings that make no sense, a result too
 * large for its format, a model or device that is not there; the signal's reason
 */
export async function upscale(
  input: PictureSource | Picture | OpenedPicture,
  options: UpscaleOptions = {},
): Promise<UpscaledPicture> {
  checkOptions("upscale", options, OPTIONS);
  const { content, encoding, facts } = await walk(input, options, undefined, lentBy(options), encodeRows);
  const data = await encoded(options, async () => {
    const made = content instanceof Uint8Array || content instanceof Promise;
    const bytes = made ? content : encode(content, encoding);
    return unlessAborted(Promise.resolve(bytes), options.signal);
  });
  return { data, ...facts };
}

/**
 * Enlarges a picture as {@link upscale} does and writes the result to a file, whole or not at all. Folders
 * that are missing are made.
 *
 * @param file its path or file: URL; its ending says the format, unless `options.format` does
 * @example
 * await upscaleToFile("photo.jpg", "large.png", { seed: 7 });
 *
 * @throws SamsrError as {@link upscale} does, and for a file that exists or cannot be written, before any
 * work; the signal's reason
 */
export async function upscaleToFile(
  input: PictureSource | Picture | OpenedPicture,
  file: string | URL,
  options: UpscaleToFileOptions = {},
): Promise<EnlargedPicture> {
  return (await enlargeForFile(input, file, options)).write();
}

/** An upscaler that somebody else closes. It may still be on its way, but its model is known. */
export interface LentUpscaler {
  readonly model: UpscalingModel;
  readonly upscaler: Upscaler | Promise<Upscaler>;
}

/** A picture that is enlarged, and that no file has yet. */
export interface UnwrittenPicture {
  /** Bytes of its pixels, or of what is encoded of them already and in no file. */
  readonly bytes: number;
  /**
   * Encodes it and writes the file, or what was not yet written of it while it was made. The upscaler has
   * nothing to do with that, and may take the next picture.
   */
  write(): Promise<EnlargedPicture>;
}

/**
 * Does what {@link upscaleToFile} does, up to where the upscaler has done its part: for those who have more
 * pictures.
 *
 * @param lent takes the place of `options.upscaler`
 * @throws SamsrError as {@link upscaleToFile} does; the signal's reason
 */
export async function enlargeForFile(
  input: PictureSource | Picture | OpenedPicture,
  file: string | URL,
  options: UpscaleToFileOptions = {},
  lent?: LentUpscaler,
): Promise<UnwrittenPicture> {
  checkOptions("upscaleToFile", options, { ...OPTIONS, overwrite: "boolean" });
  const { overwrite, signal } = options;
  const path = pathOf("the path of the result", file);
  if (await exists(dirname(path))) await checkWritable(path, { overwrite });
  const makeFolder = () => mkdir(dirname(path), { recursive: true });
  const writeRows: TakeRows<void> = async (rows, shape, encoding) => {
    await makeFolder();
    await encodeRowsToFile(rows, shape, path, { ...encoding, overwrite, signal });
  };
  const { content, encoding, facts } = await walk(
    input,
    options,
    formatOfName(path),
    lent ?? lentBy(options),
    writeRows,
  );
  const isWritten = content instanceof Promise;
  return {
    bytes: isWritten ? 0 : content instanceof Uint8Array ? content.length : content.data.byteLength,
    async write() {
      await encoded(options, async () => {
        if (isWritten) return content;
        await makeFolder();
        if (content instanceof Uint8Array) await writeFileAtomically(path, content, { overwrite, signal });
        else await encodeToFile(content, path, { ...encoding, overwrite, signal });
      });
      return facts;
    },
  };
}

/** Does the last piece of work, and reports it as its stage. */
async function encoded<T>({ onProgress }: JobOptions, work: () => Promise<T>): Promise<T> {
  onProgress?.({ stage: "encode", done: 0, total: 1 });
  const result = await work();
  onProgress?.({ stage: "encode", done: 1, total: 1 });
  return result;
}

/** Takes the rows of a result while they are made, and encodes them. */
type TakeRows<T> = (rows: AsyncIterable<Raster>, shape: RasterShape, encoding: EncodeOptions) => Promise<T>;

/**
 * What an upscaler has made: one raster, the encoded bytes of several pages, or what becomes of rows that
 * were taken while they were made; and how it is encoded.
 */
interface Enlarged<T> {
  readonly content: Raster | Uint8Array | Promise<T>;
  readonly encoding: EncodeOptions;
  readonly facts: EnlargedPicture;
}

/**
 * Walks from a decoded file to the bytes of the result.
 * @param formatByName what the name of the result says of its format
 * @param lent the upscaler, where there is one; else one is opened, and closed
 * @param take is given the rows of a result that is one PNG, from the first of them on
 */
async function walk<T>(
  input: PictureSource | Picture | OpenedPicture,
  options: UpscaleOptions,
  formatByName: OutputFormat | undefined,
  lent: LentUpscaler | undefined,
  take: TakeRows<T>,
): Promise<Enlarged<T>> {
  const { signal, quality, lossless, density } = options;
  signal?.throwIfAborted();
  const model = lent ? undefined : await findUpscalingModel(options.model ?? DEFAULT_MODEL);
  const opened = await openedOf(input, options);
  const { metadata, animation } = opened;
  const format = options.format ?? formatByName ?? formatLike(metadata.format, animation ? opened.pages : 1);
  const kind = kindOf(lent?.model ?? model!.description);
  const first = await opened.page(0);
  const settingsFor = async (raster: Raster) => {
    const masks = await readMaskFiles(options.masks, raster, options);
    const scale = scaleFor(options, raster);
    return resolveSettings({ ...settingsOf(options), ...(scale && { scale }), masks }, raster, kind);
  };
  let settings = await settingsFor(first);
  const encoding = { format, quality, lossless, density, metadata };
  const size = enlargedSize(first, settings.scale);
  checkEncodable(size, encoding);
  const pages = holdsPages(format, animation !== undefined) ? opened.pages : 1;
  const warnings = [
    ...opened.warnings,
    ...encodingLosses(size, encoding),
    ...pagesLost(opened, pages, format),
  ];
  signal?.throwIfAborted();

  if (lent?.upscaler instanceof Promise && pages === 1) {
    // Who lends it has nothing else to do meanwhile; a caller of the library may have.
    // What either fails with is told below, or in the walk.
    lent.upscaler.catch(() => {});
    settings = { ...settings, coverage: await coverageAhead(first, settings).catch(() => undefined) };
  }
  const { device, threads, sam, coverage, cache } = options;
  const upscaler = await (lent?.upscaler ?? createUpscaler({ model, device, threads, sam, coverage, cache }));
  // After an abort nobody waits for it.
  const close = async () => lent ?? (signal?.aborted ? void upscaler.close() : upscaler.close());
  let info: UpscaleInfo | undefined;
  let trace: readonly TracedStep[] | undefined;
  async function* enlarged(): AsyncGenerator<Raster> {
    let before: FrameBefore | undefined;
    for (let page = 0; page < pages; page++) {
      const raster = page === 0 ? first : await opened.page(page);
      const ofPage = page === 0 ? settings : await settingsFor(raster);
      const result = await enlargeFrame(raster, ofPage, upscaler, options, animation && pages > 1, before);
      info ??= result.info;
      trace ??= result.trace;
      if (animation && pages > 1) before = { ...result, input: raster };
      yield result.output;
    }
  }
  let content: Raster | Uint8Array | Promise<T>;
  try {
    if (pages === 1 && format === "png" && settings.scale === kind.scale) {
      const shape: RasterShape = { ...size, channels: first.channels, bits: bitDepth(first) };
      const made = await enlargeInRows(first, settings, upscaler, options, (rows) =>
        take(rows, shape, encoding),
      );
      [content, info, trace] = [made.taken, made.info, made.trace];
    } else if (pages > 1) content = await encodePages(enlarged(), { ...encoding, animation });
    else content = (await enlarged().next()).value as Raster;
  } finally {
    // Its memory is free again before the encoder needs some.
    await close();
  }
  const facts = { ...size, format, pages, info: info!, ...(trace && { trace }), warnings };
  return { content, encoding, facts };
}

function lentBy({ upscaler }: UpscaleOptions): LentUpscaler | undefined {
  return upscaler && { model: upscaler.model, upscaler };
}

async function openedOf(
  input: PictureSource | Picture | OpenedPicture,
  options: UpscaleOptions,
): Promise<OpenedPicture> {
  if (isOpened(input)) return input;
  if (!isDecoded(input)) return openPicture(input, picked(options, DECODE_OPTIONS));
  const { raster, metadata, warnings } = input;
  return { metadata, warnings, pages: 1, page: async () => raster };
}

function pagesLost({ pages, animation }: OpenedPicture, written: number, format: OutputFormat): string[] {
  if (written === pages) return [];
  const [what, holders] = animation ? ["frames", "GIF, WebP and PNG hold"] : ["pages", "TIFF holds"];
  return [`only the first of its ${pages} ${what} is in the ${format.toUpperCase()}; ${holders} all`];
}

/**
 * Enlarges a picture while its rows are taken.
 * @returns what is told of it as soon as the upscaler has done its part, and what becomes of the rows
 */
async function enlargeInRows<T>(
  raster: Raster,
  settings: ResolvedSettings,
  upscaler: Upscaler,
  { onProgress, signal }: JobOptions,
  take: (rows: AsyncIterable<Raster>) => Promise<T>,
): Promise<EnlargementFacts & { readonly taken: Promise<T> }> {
  const { values, push, end, fail } = createChannel<Raster>();
  let taken: Promise<T> | undefined;
  const onRows = (rows: Raster) => {
    const pushed = push(rows);
    taken ??= take(values);
    // Whoever makes rows hears of it.
    taken.catch(fail);
    return pushed;
  };
  try {
    const facts = await upscaler.upscaleInRows(raster, settings, onRows, { onProgress, signal });
    end();
    return { ...facts, taken: taken! };
  } catch (error) {
    fail(error);
    await taken?.catch(() => {});
    throw error;
  }
}

/** Enlarges one page, or one frame of an animation, which keeps of the frame before what did not move. */
async function enlargeFrame(
  raster: Raster,
  settings: ResolvedSettings,
  upscaler: Upscaler,
  { onProgress, signal }: JobOptions,
  animation: Animation | boolean | undefined,
  before: FrameBefore | undefined,
): Promise<Partial<EnlargementFacts> & Omit<FrameBefore, "input">> {
  const moved = before && movedPixels(before.input, raster);
  if (before && moved === undefined) return { output: before.output, coverage: before.coverage };
  const coverage = animation ? await frameCoverage(raster, settings, before, moved) : undefined;
  const { diffusion } = settings;
  const own =
    before && coverage && diffusion
      ? { ...settings, diffusion: { ...diffusion, masks: coverage } }
      : settings;
  const { raster: output, info, trace } = await upscaler.upscale(raster, own, { onProgress, signal });
  return { output: before && moved ? withStillParts(output, before, moved) : output, info, trace, coverage };
}

/**
 * Returns the scale that gives the wanted size; undefined where none is told. @throws SamsrError for two
 * words that differ
 */
function scaleFor(
  { width, height, longest, scale }: UpscaleOptions,
  picture: { width: number; height: number },
): number | undefined {
  const wanted = { width, height, longest };
  for (const [name, value] of Object.entries({ ...wanted })) {
    if (value !== undefined && !(Number.isInteger(value) && value >= 1)) {
      throw new SamsrError(`${name} must be a whole number of pixels from 1 on, not ${value}`);
    }
  }
  const scales = [
    ...(width === undefined ? [] : [width / picture.width]),
    ...(height === undefined ? [] : [height / picture.height]),
    ...(longest === undefined ? [] : [longest / Math.max(picture.width, picture.height)]),
  ];
  if (scales.length === 0) return scale;
  if (scale !== undefined) throw new SamsrError("give either a scale or a size, not both");
  return Math.min(...scales);
}

/** Returns the options that say how a picture is enlarged. */
function settingsOf(options: UpscaleOptions): Omit<UpscaleSettings, "masks"> {
  return picked(options, SETTING_TYPES);
}

/** Returns the options of these names. */
function picked<T extends object>(options: T, names: Readonly<Record<string, unknown>>): Partial<T> {
  return Object.fromEntries(Object.keys(names).map((name) => [name, options[name as keyof T]])) as Partial<T>;
}

async function readMaskFiles(
  masks: UpscaleOptions["masks"],
  picture: Raster,
  { pixelLimit, sideLimit, memoryLimit }: Limits,
): Promise<UpscaleSettings["masks"]> {
  if (typeof masks !== "object" || masks === null || !("files" in masks)) return masks;
  checkText("masks.files", masks.files);
  const limits = { pixelLimit, sideLimit, memoryLimit };
  const { coverage } = await filesSource(masks.files, limits).find(picture);
  return coverage;
}

function isDecoded(input: PictureSource | Picture | OpenedPicture): input is Picture {
  return typeof input === "object" && input !== null && "raster" in input;
}

function isOpened(input: PictureSource | Picture | OpenedPicture): input is OpenedPicture {
  return typeof input === "object" && input !== null && "page" in input;
}

async function exists(path: string): Promise<boolean> {
  return stat(path).then(
    () => true,
    () => false,
  );
}
