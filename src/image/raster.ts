/**
 * A raster is what an image file holds: whole numbers, interleaved, row after row. A tensor is what a
 * network reads: 32-bit floats in [-1, 1], one plane a channel. This file is the way between the two.
 *
 * An output may be 12000 x 8000 pixels, so floats are made for a region at a time; only the raster is whole.
 */
import { checkArgument, checkSize, checkWhole, isObject } from "../base/arguments.js";
import { brief } from "../base/brief.js";
import { SamsrError } from "../base/errors.js";
import { createYield } from "../base/event-loop.js";
import { writeInterleaved } from "./interleave.js";

/**
 * Channels of a raster: 1 = grey, 2 = grey + alpha, 3 = RGB, 4 = RGBA. Alpha is straight (not premultiplied).
 */
export type Channels = 1 | 2 | 3 | 4;

export interface Raster {
  readonly width: number;
  readonly height: number;
  readonly channels: Channels;
  /** Interleaved rows, `width * height * channels` values; the array type tells the bit depth. */
  readonly data: Uint8Array | Uint16Array;
}

/** A rectangle in pixels. It may reach outside the image; what lies outside is filled by reflection. */
export interface Region {
  readonly x: number;
  readonly y: number;
  readonly width: number;
  readonly height: number;
}

/**
 * Creates a black (and, with alpha, fully transparent) raster.
 * @throws SamsrError for sides that are no whole numbers from 1 on, and other channels or bits
 */
export function createRaster(width: number, height: number, channels: Channels, bits: 8 | 16 = 8): Raster {
  checkShape({ width, height, channels });
  if (bits !== 8 && bits !== 16) throw new SamsrError(`a raster has 8 or 16 bits a channel, not ${bits}`);
  const length = width * height * channels;
  return { width, height, channels, data: bits === 16 ? new Uint16Array(length) : new Uint8Array(length) };
}

/**
 * Returns a copy of a raster, which can be handed over to another thread. It may be hundreds of megabytes, so
 * it is made piece by piece and lets other work of its own thread in.
 * @throws SamsrError for what is no raster
 */
export async function copyRaster(raster: Raster): Promise<Raster> {
  checkRaster(raster);
  const { data } = raster;
  const copy = data instanceof Uint16Array ? new Uint16Array(data.length) : new Uint8Array(data.length);
  const yieldToEventLoop = createYield();
  const piece = 2 ** 22;
  for (let at = 0; at < data.length; at += piece) {
    copy.set(data.subarray(at, at + piece), at);
    await yieldToEventLoop();
  }
  return { ...raster, data: copy };
}

/**
 * Refuses what is no raster.
 * @throws SamsrError of one line that says what was expected and what came
 */
export function checkRaster(raster: unknown): asserts raster is Raster {
  if (typeof raster !== "object" || raster === null) {
    throw new SamsrError(`a raster is an object with width, height, channels and data, not ${brief(raster)}`);
  }
  const { width, height, channels, data } = raster as Raster;
  checkShape({ width, height, channels });
  if (!(data instanceof Uint8Array || data instanceof Uint16Array)) {
    throw new SamsrError(`the data of a raster are a Uint8Array or a Uint16Array, not ${brief(data)}`);
  }
  const length = width * height * channels;
  if (data.length !== length) {
    throw new SamsrError(
      `a raster of ${width} x ${height} x ${channels} needs ${length} values, got ${data.length}`,
    );
  }
}

function checkShape({ width, height, channels }: Omit<Raster, "data">): void {
  const sides = [width, height].every((side) => Number.isInteger(side) && side >= 1);
  if (sides && [1, 2, 3, 4].includes(channels)) return;
  throw new SamsrError(
    `there is no raster of ${width} x ${height} pixels and ${channels} channels: expected whole ` +
      "numbers from 1 on, and 1 to 4 channels",
  );
}

/** Bits of each channel of a raster. @throws SamsrError for what is no raster */
export function bitDepth(raster: Raster): 8 | 16 {
  checkRaster(raster);
  return raster.data instanceof Uint16Array ? 16 : 8;
}

/** Tells whether the last channel of a raster is its opacity. @throws SamsrError for what is no raster */
export function hasAlpha(raster: Raster): boolean {
  checkRaster(raster);
  return raster.channels === 2 || raster.channels === 4;
}

/**
 * Returns the index inside `0..size-1` that reflection puts at `index`, without repeating the edge pixel
 * (... 2 1 | 0 1 2 3 | 2 1 ...), as often as it takes; an axis of one pixel repeats it.
 */
export function reflect(index: number, size: number): number {
  if (size === 1) return 0;
  const period = 2 * (size - 1);
  const folded = ((index % period) + period) % period;
  return folded < size ? folded : period - folded;
}

/** Returns {@link reflect} of `length` places from `start` on, which may lie outside 0..size-1. */
export function reflections(start: number, length: number, size: number): Int32Array {
  const table = new Int32Array(length);
  for (let i = 0; i < length; i++) table[i] = reflect(start + i, size);
  return table;
}

/**
 * Returns the colour of a raster as a planar tensor `[3, height, width]` in [-1, 1]; grey is repeated three
 * times.
 * @param region the part to read, the whole by default; outside the image it reads reflected pixels
 * @throws SamsrError for what is no raster or no region
 */
export function toTensor(raster: Raster, region?: Region): Float32Array {
  checkRaster(raster);
  return colourOf(raster, region === undefined ? wholeOf(raster) : checkedRegion("toTensor", region));
}

function colourOf(raster: Raster, region: Region): Float32Array {
  const plane = region.width * region.height;
  const out = new Float32Array(3 * plane);
  const step = raster.channels >= 3 ? 1 : 0;
  for (let c = 0; c < 3; c++) readPlane(raster, c * step, region, out.subarray(c * plane, (c + 1) * plane));
  return out;
}

/**
 * Returns alpha as a plane `[height, width]` in [-1, 1] (-1 transparent, 1 opaque), so that it can go where
 * colour goes. A raster without alpha gives ones.
 * @param region the part to read, the whole by default; outside the image it reads reflected pixels
 * @throws SamsrError for what is no raster or no region
 */
export function alphaPlane(raster: Raster, region?: Region): Float32Array {
  checkRaster(raster);
  const part = region === undefined ? wholeOf(raster) : checkedRegion("alphaPlane", region);
  const out = new Float32Array(part.width * part.height);
  if (!hasAlpha(raster)) return out.fill(1);
  readPlane(raster, raster.channels - 1, part, out);
  return out;
}

function checkedRegion(of: string, region: Region): Region {
  const expected = "an object with x, y, width and height in whole pixels";
  checkArgument(`${of}: the region`, region, isObject(region), expected);
  for (const place of ["x", "y"] as const) {
    checkArgument(
      `${of}: ${place} of the region`,
      region[place],
      Number.isInteger(region[place]),
      "a whole number",
    );
  }
  checkSize(`${of}: the region`, region.width, region.height);
  return region;
}

function wholeOf(raster: { width: number; height: number }): Region {
  return { x: 0, y: 0, width: raster.width, height: raster.height };
}

function readPlane(raster: Raster, channel: number, region: Region, out: Float32Array): void {
  const { data, channels, width } = raster;
  const scale = bitDepth(raster) === 16 ? 1 / 32767.5 : 1 / 127.5;
  const columns = reflections(region.x, region.width, width).map((x) => x * channels + channel);
  const rows = reflections(region.y, region.height, raster.height);
  let at = 0;
  for (let y = 0; y < region.height; y++) {
    const row = rows[y]! * width * channels;
    for (let x = 0; x < region.width; x++) out[at++] = data[row + columns[x]!]! * scale - 1;
  }
}

/**
 * Returns a planar tensor `[channels, height, width]` in [-1, 1] as a raster, rounded to the nearest value
 * and clamped. NaN becomes 0.
 * @throws SamsrError for what is no shape of a raster, and for as many values as it has not
 */
export function fromTensor(
  planar: Float32Array,
  shape: { width: number; height: number; channels: Channels; bits?: 8 | 16 },
): Raster {
  checkArgument("fromTensor: the shape", shape, isObject(shape), "an object with width, height and channels");
  const { width, height, channels, bits = 8 } = shape;
  const raster = createRaster(width, height, channels, bits);
  checkPlanar("fromTensor", planar, { width, height, channels });
  writeInterleaved(planar, width * height, channels, raster.data);
  return raster;
}

/** Refuses what are no planes of this shape. @throws SamsrError that says what was expected and what came */
export function checkPlanar(
  of: string,
  planar: unknown,
  { width, height, channels }: { readonly width: number; readonly height: number; readonly channels: number },
): void {
  checkWhole(`${of}: the number of channels`, channels, 1);
  checkSize(of, width, height);
  const length = channels * width * height;
  if (planar instanceof Float32Array && planar.length === length) return;
  const found = planar instanceof Float32Array ? `${planar.length} of them` : brief(planar);
  throw new SamsrError(`${of}: the planes must be a Float32Array of ${length} values, not ${found}`);
}

/** Returns the mean of the three planes of `[3, height, width]`: what a network says of a grey image. */
export function meanPlane(colour: Float32Array): Float32Array {
  const plane = colour.length / 3;
  const out = new Float32Array(plane);
  for (let i = 0; i < plane; i++) out[i] = (colour[i]! + colour[plane + i]! + colour[2 * plane + i]!) / 3;
  return out;
}

/** Repeats one plane `[height, width]` three times, as `[3, height, width]`. */
export function repeatPlane(plane: Float32Array): Float32Array {
  const out = new Float32Array(3 * plane.length);
  for (let c = 0; c < 3; c++) out.set(plane, c * plane.length);
  return out;
}

/**
 * Returns a copy of a region that lies inside the raster.
 * @throws SamsrError for what is no raster, no region, or one that reaches outside
 */
export function crop(raster: Raster, region: Region): Raster {
  checkRaster(raster);
  const { x, y, width, height } = checkedRegion("crop", region);
  if (x < 0 || y < 0 || x + width > raster.width || y + height > raster.height) {
    throw new SamsrError(
      `crop: ${width} x ${height} pixels at (${x}, ${y}) reach outside the ${raster.width} x ` +
        `${raster.height} of the raster`,
    );
  }
  const out = createRaster(width, height, raster.channels, bitDepth(raster));
  for (let row = 0; row < height; row++) {
    const from = ((y + row) * raster.width + x) * raster.channels;
    out.data.set(raster.data.subarray(from, from + width * raster.channels), row * width * raster.channels);
  }
  return out;
}

/**
 * Returns a region of planar floats `[channels, height, width]`, copied; outside the image it reads reflected
 * values. With a region that begins at a negative place this is reflection padding.
 */
export function cropPlanar(
  planar: Float32Array,
  shape: { width: number; height: number; channels: number },
  region: Region,
): Float32Array {
  const { width, height, channels } = shape;
  const out = new Float32Array(channels * region.width * region.height);
  const columns = reflections(region.x, region.width, width);
  const rows = reflections(region.y, region.height, height);
  const inside = region.x >= 0 && region.x + region.width <= width;
  let at = 0;
  for (let c = 0; c < channels; c++) {
    for (let y = 0; y < region.height; y++, at += region.width) {
      const row = (c * height + rows[y]!) * width;
      if (inside) out.set(planar.subarray(row + region.x, row + region.x + region.width), at);
      else for (let x = 0; x < region.width; x++) out[at + x] = planar[row + columns[x]!]!;
    }
  }
  return out;
}

/**
 * Converts a raster to 8 bits a channel, each value rounded to the nearest (257 steps of 16 bits are one of
 * 8).
 * @throws SamsrError for what is no raster
 */
export function toEightBits(raster: Raster): Raster {
  checkRaster(raster);
  if (raster.data instanceof Uint8Array) return raster;
  const { data } = raster;
  const out = new Uint8Array(data.length);
  for (let i = 0; i < out.length; i++) out[i] = ((data[i]! + 128) / 257) | 0;
  return { ...raster, data: out };
}

/**
 * Returns the colour of any raster as 8-bit RGB: grey three times, alpha left out.
 * @throws SamsrError for what is no raster
 */
export function toRgb(raster: Raster): Raster {
  const { width, height, channels, data } = toEightBits(raster);
  if (channels === 3) return { width, height, channels, data };
  const out = new Uint8Array(3 * width * height);
  const step = channels === 4 ? 1 : 0;
  for (let p = 0, to = 0; p < width * height; p++) {
    for (let c = 0; c < 3; c++) out[to++] = data[p * channels + c * step]!;
  }
  return { width, height, channels: 3, data: out };
}

/**
 * Lays colour over white, 8 bits, without alpha: what a format that knows no transparency shows. Each value
 * is `alpha * colour + (1 - alpha) * white`, rounded once.
 * @throws SamsrError for what is no raster
 */
export function flattenOnWhite(raster: Raster): Raster {
  if (!hasAlpha(raster)) return toEightBits(raster);
  const { data, channels } = raster;
  const colours = (channels - 1) as 1 | 3;
  const pixels = raster.width * raster.height;
  const out = new Uint8Array(pixels * colours);
  const max = bitDepth(raster) === 16 ? 65535 : 255;
  const scale = 255 / (max * max);
  for (let i = 0, from = 0, to = 0; i < pixels; i++, from += channels) {
    const alpha = data[from + colours]!;
    for (let c = 0; c < colours; c++) out[to++] = (max * max - alpha * (max - data[from + c]!)) * scale + 0.5;
  }
  return { width: raster.width, height: raster.height, channels: colours, data: out };
}
