/**
 * sharp passes metadata on from the image it reads to the image it writes, but raw pixels have none to pass
 * on, and its own ways to attach a profile convert the pixels to it. So the metadata travels in
 * a black PNG of one pixel that holds profile, EXIF, XMP and density. The encoder stretches it to the size of
 * the output and adds the pixels by OR, which changes nothing and works at both bit depths.
 *
 * A PNG is its signature and then chunks of length, type, data and CRC-32 (PNG specification, third edition).
 */
import { deflateSync } from "node:zlib";
import type { Metadata } from "./metadata.js";
import { profileFits, uprightExif, uprightXmp } from "./metadata.js";
import type { Raster } from "./raster.js";
import { bitDepth } from "./raster.js";

const signature = [137, 80, 78, 71, 13, 10, 26, 10];
const colourTypes = { 1: 0, 2: 4, 3: 2, 4: 6 } as const;

/** A one-pixel PNG of the raster's channels and depth, all zeros, that holds the metadata. */
export function metadataPng(raster: Raster, metadata: Partial<Metadata>): Uint8Array {
  const { channels } = raster;
  const bits = bitDepth(raster);
  const { icc, exif, xmp, density } = metadata;
  const header = new Uint8Array([0, 0, 0, 1, 0, 0, 0, 1, bits, colourTypes[channels], 0, 0, 0]);
  const chunks = [chunk("IHDR", header)];
  if (icc !== undefined && profileFits(icc, channels < 3)) {
    chunks.push(chunk("iCCP", join(ascii("icc\0\0"), deflateSync(icc))));
  }
  if (density !== undefined && density > 0) {
    const perMetre = Math.round(density / 0.0254);
    const bytes = new DataView(new ArrayBuffer(9));
    bytes.setUint32(0, perMetre);
    bytes.setUint32(4, perMetre);
    bytes.setUint8(8, 1);
    chunks.push(chunk("pHYs", new Uint8Array(bytes.buffer)));
  }
  if (exif !== undefined) chunks.push(chunk("eXIf", uprightExif(exif)));
  if (xmp !== undefined)
    chunks.push(chunk("iTXt", join(ascii("XML:com.adobe.xmp\0\0\0\0\0"), uprightXmp(xmp))));
  chunks.push(chunk("IDAT", deflateSync(new Uint8Array(1 + (channels * bits) / 8))));
  chunks.push(chunk("IEND", new Uint8Array(0)));
  return join(new Uint8Array(signature), ...chunks);
}

function chunk(type: string, data: Uint8Array): Uint8Array {
  const body = join(ascii(type), data);
  const frame = new DataView(new ArrayBuffer(8));
  frame.setUint32(0, data.length);
  frame.setUint32(4, crc32(body));
  const bytes = new Uint8Array(frame.buffer);
  return join(bytes.subarray(0, 4), body, bytes.subarray(4));
}

function crc32(bytes: Uint8Array): number {
  let crc = ~0;
  for (const byte of bytes) {
    crc ^= byte;
    for (let bit = 0; bit < 8; bit++) crc = (crc >>> 1) ^ (crc & 1 ? 0xedb88320 : 0);
  }
  return ~crc >>> 0;
}

function ascii(text: string): Uint8Array {
  return Uint8Array.from(text, (character) => character.charCodeAt(0));
}

function join(...parts: Uint8Array[]): Uint8Array {
  const out = new Uint8Array(parts.reduce((sum, part) => sum + part.length, 0));
  let at = 0;
  for (const part of parts) {
    out.set(part, at);
    at += part.length;
  }
  return out;
}
