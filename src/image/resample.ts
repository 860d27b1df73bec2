import { checkOptions, checkSize } from "../base/arguments.js";
import { createYield } from "../base/event-loop.js";
import { bitDepth, checkRaster, createRaster, hasAlpha, type Raster } from "./raster.js";
import { combineRows, kernels, resizeRows, taps } from "./resize.js";

/**
 * Returns a raster at another size by Lanczos with three lobes (Duchon, "Lanczos Filtering in One and Two
 * Dimensions", 1979), at its own bit depth; colour is weighted by alpha. For the scales that the network
 * does not make itself, so the raster may be large: it works line by line, holds only the lines that the
 * kernel reaches, and lets other work in between.
 *
 * @throws SamsrError for what is no raster or no size; the signal's reason when it is given up
 */
export async function resample(
  raster: Raster,
  width: number,
  height: number,
  options: { signal?: Pick<AbortSignal, "throwIfAborted"> } = {},
): Promise<Raster> {
  checkRaster(raster);
  checkSize("resample", width, height);
  checkOptions("resample", options, { signal: "signal" });
  if (raster.width === width && raster.height === height) return raster;
  const { channels } = raster;
  const out = createRaster(width, height, channels, bitDepth(raster));
  const across = taps(raster.width, width, kernels.lanczos3, true);
  const down = taps(raster.height, height, kernels.lanczos3, true);
  const line = new Float32Array(raster.width * channels);
  const row = width * channels;
  const ring = new Float32Array(down.count * row);
  const sums = new Float32Array(row);
  const yieldToEventLoop = createYield();
  let read = 0;
  for (let y = 0; y < height; y++) {
    const first = down.first[y]!;
    for (read = Math.max(read, first); read < first + down.count; read++) {
      const at = (read % down.count) * row;
      readLine(raster, read, line);
      resizeRows(line, raster.width, ring.subarray(at, at + row), width, across);
    }
    combineRows(ring, (k) => ((first + k) % down.count) * row, down, y * down.count, sums, 0, row);
    writeLine(sums, out, y);
    await yieldToEventLoop();
    options.signal?.throwIfAborted();
  }
  return out;
}

/** Reads a line as planes, colour multiplied by alpha in 0..1. */
function readLine(raster: Raster, y: number, planes: Float32Array): void {
  const { width, channels, data } = raster;
  const row = y * width * channels;
  for (let c = 0, at = 0; c < channels; c++) {
    for (let x = 0, from = row + c; x < width; x++, from += channels) planes[at++] = data[from]!;
  }
  if (!hasAlpha(raster)) return;
  const scale = bitDepth(raster) === 16 ? 1 / 65535 : 1 / 255;
  const alpha = (channels - 1) * width;
  for (let i = 0; i < alpha; i++) planes[i]! *= planes[alpha + (i % width)]! * scale;
}

function writeLine(planes: Float32Array, raster: Raster, y: number): void {
  const { width, channels, data } = raster;
  const max = bitDepth(raster) === 16 ? 65535 : 255;
  const row = y * width * channels;
  if (hasAlpha(raster)) {
    const alpha = (channels - 1) * width;
    for (let i = 0; i < alpha; i++) {
      const opacity = planes[alpha + (i % width)]!;
      planes[i] = opacity > 0.5 ? (planes[i]! * max) / opacity : 0;
    }
  }
  for (let c = 0, at = 0; c < channels; c++) {
    for (let x = 0, to = row + c; x < width; x++, to += channels) {
      const v = planes[at++]! + 0.5;
      data[to] = Math.max(0, Math.min(max, v));
    }
  }
}
