/**
 * The one way of a picture from file to file: decoded, checked, enlarged, encoded. The command goes it for each of its
 * pictures, and so does whoever else has files or bytes.
 */
import { mkdir, stat } from "node:fs/promises";
import { dirname } from "node:path";
import { unlessAborted } from "../base/abort.js";
import { formatOfName } from "../image/formats.js";
import {
  checkEncodable,
  checkWritable,
  decode,
  type EncodeOptions,
  encode,
  encodeToFile,
  formatLike,
  type OutputFormat,
  type Picture,
  type Raster,
} from "../image/index.js";
import { type PictureSource, pathOrBytes } from "../image/source.js";
import { filesSource } from "../semantics/sources/files.js";
import { kindOf } from "./kinds/index.js";
import { findUpscalingModel } from "./model.js";
import {
  enlargedSize,
  type ResolvedSettings,
  resolveSettings,
  type UpscaleInfo,
  type UpscaleSettings,
} from "./settings.js";
import {
  createUpscaler,
  DEFAULT_MODEL,
  type RunOptions,
  type Upscaler,
  type UpscalerOptions,
} from "./upscaler.js";

/** Masks that lie in files: a folder with one picture a mask, or one picture in which each colour is a region. */
export interface MaskFiles {
  readonly files: string;
}

export interface UpscaleOptions extends Omit<UpscaleSettings, "masks">, RunOptions, UpscalerOptions {
  /** As in {@link UpscaleSettings}, or files of masks, which are fitted to the picture's size. */
  readonly masks?: UpscaleSettings["masks"] | MaskFiles;
  /** One that is open already, for many pictures; it stays open. Then the options of opening one do not count. */
  readonly upscaler?: Upscaler;
  /** default: by the name of the file that is written, else that of the input; PNG for a GIF */
  readonly format?: OutputFormat;
  /** 1 to 100, for JPEG, WebP and AVIF */
  readonly quality?: number;
  /** The most pixels that the input may have; default 100 million. */
  readonly pixelLimit?: number;
}

export interface UpscaleToFileOptions extends UpscaleOptions {
  /** Replace a file that exists; default false. */
  readonly overwrite?: boolean;
}

/** A picture that was enlarged. */
export interface EnlargedPicture {
  readonly width: number;
  readonly height: number;
  readonly format: OutputFormat;
  readonly info: UpscaleInfo;
}

export interface UpscaledPicture extends EnlargedPicture {
  /** The bytes of a file. */
  readonly data: Uint8Array;
}

/**
 * Enlarges a picture: decodes it (JPEG, PNG, WebP, AVIF, TIFF, GIF), upscales it and encodes it. Colour profile, EXIF,
 * XMP and density are kept, orientation is applied, 16 bits stay 16 bits where the format has them.
 *
 * @param input a path, a file: URL, the bytes of a file, or what `decode` made of them
 * @example
 * const { data } = await upscale("photo.jpg", { seed: 7, format: "png" });
 * await writeFile("large.png", data);
 *
 * @throws SamsrError of one line, for an input that cannot be read, settings that make no sense, a result too large for
 * its format, a model or device that is not there; the signal's reason
 */
export async function upscale(
  input: PictureSource | Picture,
  options: UpscaleOptions = {},
): Promise<UpscaledPicture> {
  let data: Uint8Array = new Uint8Array();
  const enlarged = await walk(input, options, undefined, async (raster, encoding) => {
    data = await unlessAborted(encode(raster, encoding), options.signal);
  });
  return { data, ...enlarged };
}

/**
 * Enlarges a picture as {@link upscale} does and writes the result to a file, whole or not at all. Folders that are
 * missing are made.
 *
 * @param path the file's name; its ending says the format, unless `options.format` does
 * @example
 * await upscaleToFile("photo.jpg", "large.png", { seed: 7 });
 *
 * @throws SamsrError as {@link upscale} does, and for a file that exists or cannot be written, before any work; the
 * signal's reason
 */
export async function upscaleToFile(
  input: PictureSource | Picture,
  path: string,
  options: UpscaleToFileOptions = {},
): Promise<EnlargedPicture> {
  const { overwrite, signal } = options;
  if (await exists(dirname(path))) await checkWritable(path, { overwrite });
  return walk(input, options, formatOfName(path), async (raster, encoding) => {
    await mkdir(dirname(path), { recursive: true });
    await encodeToFile(raster, path, { ...encoding, overwrite, signal });
  });
}

/** @param formatByName what the name of the result says of its format */
async function walk(
  input: PictureSource | Picture,
  options: UpscaleOptions,
  formatByName: OutputFormat | undefined,
  write: (raster: Raster, encoding: EncodeOptions) => Promise<void>,
): Promise<EnlargedPicture> {
  const { onProgress, signal, quality, pixelLimit } = options;
  signal?.throwIfAborted();
  const model = options.upscaler ? undefined : await findUpscalingModel(options.model ?? DEFAULT_MODEL);
  const picture = isDecoded(input) ? input : await decode(pathOrBytes(input), { pixelLimit });
  const format = options.format ?? formatByName ?? formatLike(picture.metadata.format);
  const kind = kindOf(options.upscaler?.model ?? model!.description);
  const masks = await readMaskFiles(options.masks, picture.raster);
  const settings = resolveSettings({ ...settingsOf(options), masks }, picture.raster, kind);
  checkEncodable(enlargedSize(picture.raster, settings.scale), { format, quality });
  signal?.throwIfAborted();

  const { raster, info } = await enlargeBy({ ...options, model }, picture.raster, settings);
  onProgress?.({ stage: "encode", done: 0, total: 1 });
  await write(raster, { format, quality, metadata: picture.metadata });
  onProgress?.({ stage: "encode", done: 1, total: 1 });
  return { width: raster.width, height: raster.height, format, info };
}

/** By the upscaler that is open, or one that is opened for this picture. */
async function enlargeBy(
  { upscaler: given, model, device, threads, sam, cache, onProgress, signal }: UpscaleOptions,
  raster: Raster,
  settings: ResolvedSettings,
): ReturnType<Upscaler["upscale"]> {
  if (given) return given.upscale(raster, settings, { onProgress, signal });
  const own = await createUpscaler({ model, device, threads, sam, cache });
  const job = own.upscale(raster, settings, { onProgress, signal });
  job.catch(() => own.close());
  const enlarged = await job;
  // Its memory is free again before the encoder needs some. (After an abort nobody waits for it.)
  await own.close();
  return enlarged;
}

function settingsOf(options: UpscaleOptions): Omit<UpscaleSettings, "masks"> {
  const { method, steps, seed, variant, etaScale, coefficients, kappa, samOptions } = options;
  const { tile, overlap, scale } = options;
  const diffusion = { method, steps, seed, variant, etaScale, coefficients, kappa, samOptions };
  return { ...diffusion, tile, overlap, scale };
}

async function readMaskFiles(
  masks: UpscaleOptions["masks"],
  picture: Raster,
): Promise<UpscaleSettings["masks"]> {
  if (typeof masks !== "object" || !("files" in masks)) return masks;
  const { coverage } = await filesSource(masks.files).find(picture);
  return coverage;
}

function isDecoded(input: PictureSource | Picture): input is Picture {
  return typeof input === "object" && input !== null && "raster" in input;
}

async function exists(path: string): Promise<boolean> {
  return stat(path).then(
    () => true,
    () => false,
  );
}
