import { checkEncodable, decode, encode, formatLike, type OutputFormat } from "../image/index.js";
import { kindOf } from "./kinds/index.js";
import { findUpscalingModel } from "./model.js";
import { enlargedSize, resolveSettings, type UpscaleInfo, type UpscaleSettings } from "./settings.js";
import {
  createUpscaler,
  DEFAULT_MODEL,
  type RunOptions,
  type Upscaler,
  type UpscalerOptions,
} from "./upscaler.js";

export interface UpscaleOptions extends UpscaleSettings, RunOptions, UpscalerOptions {
  /**
   * One that is open already, for many pictures; it stays open. Then the options of opening one do not count.
   */
  upscaler?: Upscaler;
  /** default: that of the input; PNG for a GIF */
  format?: OutputFormat;
  /** 1 to 100, for JPEG, WebP and AVIF */
  quality?: number;
  /** The most pixels that the input may have; default 100 million. */
  pixelLimit?: number;
}

export interface UpscaledPicture {
  /** The bytes of a file. */
  data: Uint8Array;
  width: number;
  height: number;
  format: OutputFormat;
  info: UpscaleInfo;
}

/**
 * Enlarges a picture, from file to file: decodes (JPEG, PNG, WebP, AVIF, TIFF, GIF), upscales, encodes.
 * Colour profile, EXIF, XMP and density are kept, orientation is applied, 16 bits stay 16 bits where the
 * format has them.
 *
 * @param input a path, or the bytes of a file
 * @example
 * const { data } = await upscale("photo.jpg", { seed: 7, format: "png" });
 * await writeFile("large.png", data);
 *
 * @throws SamsrError of one line, for an input that cannot be read, settings that make no sense, a result too
 * large for its format, a model or device that is not there; the signal's reason
 */
export async function upscale(
  input: Uint8Array | string,
  options: UpscaleOptions = {},
): Promise<UpscaledPicture> {
  const {
    onProgress,
    signal,
    upscaler: given,
    model,
    device,
    threads,
    sam,
    cache,
    quality,
    pixelLimit,
    ...rest
  } = options;
  const { format: wanted, ...settings } = rest;
  signal?.throwIfAborted();
  const description = given?.model ?? (await findUpscalingModel(model ?? DEFAULT_MODEL)).description;
  const { raster, metadata } = await decode(input, { pixelLimit });
  const format = wanted ?? formatLike(metadata.format);
  checkEncodable(enlargedSize(raster, resolveSettings(settings, raster, kindOf(description)).scale), {
    format,
    quality,
  });
  signal?.throwIfAborted();

  const upscaler = given ?? (await createUpscaler({ model, device, threads, sam, cache }));
  const job = upscaler.upscale(raster, settings, { onProgress, signal });
  if (!given) job.catch(() => upscaler.close());
  const enlarged = await job;
  // Its memory is free again before the encoder needs some. (After an abort nobody waits for it.)
  if (!given) await upscaler.close();
  onProgress?.({ stage: "encode", done: 0, total: 1 });
  const data = await encode(enlarged.raster, { format, quality, metadata });
  signal?.throwIfAborted();
  onProgress?.({ stage: "encode", done: 1, total: 1 });
  const { width, height } = enlarged.raster;
  return { data, width, height, format, info: enlarged.info };
}
