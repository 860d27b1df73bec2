import type { Sharp } from "sharp";
import type { Channels, Raster } from "./raster.js";

/**
 * Runs a sharp pipeline and returns its pixels as a raster, without a change of values: grey as grey, 16
 * bits as 16 bits.
 */
export async function readRaster(
  image: Sharp,
  kind: { grey: boolean; alpha: boolean; bits: 8 | 16 },
): Promise<Raster> {
  const deep = kind.bits === 16;
  // Asked for 8-bit grey, sharp returns one channel even where there is alpha; so that pair comes as RGBA.
  const pair = kind.grey && kind.alpha && !deep;
  const space = kind.grey && !pair ? (deep ? "grey16" : "b-w") : deep ? "rgb16" : "srgb";
  const { data, info } = await image
    .toColourspace(space)
    .raw({ depth: deep ? "ushort" : "uchar" })
    .toBuffer({ resolveWithObject: true });
  const { width, height } = info;
  // More than alpha beside the grey: that is for the caller to judge.
  if (pair && info.channels === 4) return { width, height, channels: 2, data: greyAndAlpha(data) };
  return { width, height, channels: info.channels as Channels, data: deep ? words(data) : plainBytes(data) };
}

/** Returns the memory of a Buffer as an ordinary array, without Buffer's own methods. */
export function plainBytes(data: Uint8Array): Uint8Array {
  return new Uint8Array(data.buffer, data.byteOffset, data.byteLength);
}

function words(data: Uint8Array): Uint16Array {
  const aligned = data.byteOffset % 2 === 0 ? data : new Uint8Array(data);
  return new Uint16Array(aligned.buffer, aligned.byteOffset, aligned.byteLength / 2);
}

function greyAndAlpha(rgba: Uint8Array): Uint8Array {
  const out = new Uint8Array(rgba.length / 2);
  for (let from = 0, to = 0; from < rgba.length; from += 4, to += 2) {
    out[to] = rgba[from]!;
    out[to + 1] = rgba[from + 3]!;
  }
  return out;
}
