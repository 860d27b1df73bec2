/**
 * The colour of transparent pixels, of which a file may hold any colour, often black. A network (or any
 * filter) that looks past the edge of a shape mixes that colour in, and the enlarged edge shows a dark
 * fringe. So before the colour is enlarged, transparent pixels take the colour of what is visible around
 * them.
 *
 * The filling is push-pull (Gortler et al., "The Lumigraph", 1996): push builds a pyramid whose every level
 * halves the last, averaging colour weighted by alpha; pull walks back down and gives each pixel its own
 * colour as far as its alpha goes and the coarser level's for the rest. Four thirds of the pixels are
 * touched, whatever the size of the holes.
 */
import { createYield } from "../base/event-loop.js";
import { bitDepth, checkRaster, hasAlpha, type Raster } from "./raster.js";

interface Level {
  width: number;
  readonly height: number;
  /** Interleaved: the colours, then the weight in 0..1. */
  readonly data: Float32Array;
}

/**
 * Returns a raster with the colour of transparent pixels filled in from their visible neighbours: a pixel of
 * opacity a keeps a of its own colour. Opaque pixels and all alpha values stay as they are; a raster without
 * a transparent pixel, or without a visible one, is returned itself.
 * @throws SamsrError for what is no raster
 */
export async function bleedColour(raster: Raster): Promise<Raster> {
  checkRaster(raster);
  const yieldToEventLoop = createYield();
  if (!hasAlpha(raster)) return raster;
  const { channels, data } = raster;
  const max = bitDepth(raster) === 16 ? 65535 : 255;
  let transparent = false;
  let visible = false;
  for (let i = channels - 1; i < data.length; i += channels) {
    if (data[i]! < max) transparent = true;
    if (data[i]! > 0) visible = true;
  }
  if (!transparent || !visible) return raster;

  // The finest level is the raster itself; floats begin at a quarter of its pixels.
  const levels = [await halve(raster.width, raster.height, channels, data, 1 / max, yieldToEventLoop)];
  for (let top = levels[0]!; top.width > 1 || top.height > 1; top = levels[levels.length - 1]!) {
    levels.push(await halve(top.width, top.height, channels, top.data, 1, yieldToEventLoop));
  }
  for (let i = levels.length - 2; i >= 0; i--)
    await pull(levels[i]!, levels[i + 1]!, channels, yieldToEventLoop);

  const out = data.slice();
  await pullIntoRaster(raster, out, levels[0]!, max, yieldToEventLoop);
  return { ...raster, data: out };
}

async function halve(
  width: number,
  height: number,
  channels: number,
  data: Uint8Array | Uint16Array | Float32Array,
  alphaScale: number,
  yieldToEventLoop: () => Promise<void>,
): Promise<Level> {
  const w = (width + 1) >> 1;
  const h = (height + 1) >> 1;
  const out = new Float32Array(w * h * channels);
  const colours = channels - 1;
  for (let y = 0; y < height; y++) {
    await yieldToEventLoop();
    for (let x = 0; x < width; x++) {
      const from = (y * width + x) * channels;
      const weight = data[from + colours]! * alphaScale;
      if (weight === 0) continue;
      const to = ((y >> 1) * w + (x >> 1)) * channels;
      for (let c = 0; c < colours; c++) out[to + c]! += weight * data[from + c]!;
      out[to + colours]! += weight;
    }
  }
  for (let at = 0; at < out.length; at += channels) {
    const weight = out[at + colours]!;
    if (weight === 0) continue;
    for (let c = 0; c < colours; c++) out[at + c]! /= weight;
    if (weight > 1) out[at + colours] = 1;
  }
  return { width: w, height: h, data: out };
}

async function pull(
  fine: Level,
  coarse: Level,
  channels: number,
  yieldToEventLoop: () => Promise<void>,
): Promise<void> {
  const colours = channels - 1;
  const fill = new Float64Array(colours);
  for (let y = 0, at = 0; y < fine.height; y++) {
    await yieldToEventLoop();
    for (let x = 0; x < fine.width; x++, at += channels) {
      const weight = fine.data[at + colours]!;
      if (weight >= 1) continue;
      sample(coarse, channels, x, y, fill);
      for (let c = 0; c < colours; c++)
        fine.data[at + c] = weight * fine.data[at + c]! + (1 - weight) * fill[c]!;
    }
  }
}

async function pullIntoRaster(
  raster: Raster,
  out: Uint8Array | Uint16Array,
  coarse: Level,
  max: number,
  yieldToEventLoop: () => Promise<void>,
): Promise<void> {
  const { width, height, channels, data } = raster;
  const colours = channels - 1;
  const fill = new Float64Array(colours);
  for (let y = 0, at = 0; y < height; y++) {
    await yieldToEventLoop();
    for (let x = 0; x < width; x++, at += channels) {
      const alpha = data[at + colours]!;
      if (alpha === max) continue;
      const weight = alpha / max;
      sample(coarse, channels, x, y, fill);
      for (let c = 0; c < colours; c++) out[at + c] = weight * data[at + c]! + (1 - weight) * fill[c]! + 0.5;
    }
  }
}

/** Samples the colour of a level at a pixel of the next finer one, bilinear between centres. */
function sample(level: Level, channels: number, x: number, y: number, out: Float64Array): void {
  const { width, height, data } = level;
  // Along an axis the centre of fine pixel x lies a quarter past its parent, away from the pair's middle.
  const x0 = x >> 1;
  const y0 = y >> 1;
  const x1 = Math.max(0, Math.min(width - 1, x & 1 ? x0 + 1 : x0 - 1));
  const y1 = Math.max(0, Math.min(height - 1, y & 1 ? y0 + 1 : y0 - 1));
  const a = (y0 * width + x0) * channels;
  const b = (y0 * width + x1) * channels;
  const c = (y1 * width + x0) * channels;
  const d = (y1 * width + x1) * channels;
  for (let i = 0; i < channels - 1; i++) {
    out[i] = (9 * data[a + i]! + 3 * data[b + i]! + 3 * data[c + i]! + data[d + i]!) / 16;
  }
}
