/**
 * Formats that sharp has no decoder for: HEIC (libheif), JPEG XL (libjxl) and BMP (libnsbmp), each a library
 * in WebAssembly that is loaded when the first such file comes. They give 8 bits.
 */
import { readFile } from "node:fs/promises";
import { createRequire } from "node:module";
import type { Metadata as SharpMetadata } from "sharp";
import { join, latin1, spells, viewOf } from "./containers/bytes.js";
import { openSharp } from "./pixels.js";
import { createRaster, type Raster } from "./raster.js";

interface ForeignPicture {
  readonly raster: Raster;
  /** What is said beside the pixels. */
  readonly header: SharpMetadata;
  readonly sampleBits: number;
  readonly warnings: readonly string[];
}

interface Size {
  readonly width: number;
  readonly height: number;
}

const require = createRequire(import.meta.url);

/**
 * Decodes a HEIC, JPEG XL or BMP file.
 *
 * @param check is called with the size that the file claims, before anything is decoded, and may throw
 * @throws what `check` throws; an error for a damaged file
 */
export async function readForeign(
  format: "heic" | "jxl" | "bmp",
  bytes: Uint8Array,
  check: (size: Size) => void,
): Promise<ForeignPicture> {
  return { heic: readHeic, jxl: readJxl, bmp: readBmp }[format](bytes, check);
}

type Check = (size: Size) => void;

interface HeifImage {
  is_primary(): boolean;
  get_width(): number;
  get_height(): number;
  display(
    target: { data: Uint8ClampedArray; width: number; height: number },
    done: (result: object | null) => void,
  ): void;
  free(): void;
}

async function readHeic(bytes: Uint8Array, check: Check): Promise<ForeignPicture> {
  // Its header and metadata are within reach of sharp's own libheif, which lacks the codec alone.
  const header = await openSharp(bytes, { autoOrient: true }).metadata();
  check(header);
  const libheif = require("libheif-js/wasm-bundle.js") as {
    HeifDecoder: new () => { decode(bytes: Uint8Array): HeifImage[] };
  };
  const images = new libheif.HeifDecoder().decode(bytes);
  const image = images.find((one) => one.is_primary()) ?? images[0];
  if (image === undefined) throw new Error("no picture in it can be decoded");
  try {
    const [width, height] = [image.get_width(), image.get_height()];
    check({ width, height });
    const data = new Uint8ClampedArray(width * height * 4);
    await new Promise<void>((resolve, reject) => {
      image.display({ data, width, height }, (result) =>
        result === null ? reject(new Error("its picture cannot be decoded")) : resolve(),
      );
    });
    const sampleBits = header.bitsPerSample ?? 8;
    return {
      raster: fromRgba(width, height, data, header.hasAlpha),
      header,
      sampleBits: 8,
      warnings: [
        ...(sampleBits > 8 ? [`its ${sampleBits} bits are read as 8`] : []),
        ...((header.pages ?? 1) > 1 ? [`only the main one of its ${header.pages} pictures is read`] : []),
      ],
    };
  } finally {
    for (const one of images) one.free();
  }
}

type JxlModule = typeof import("@jsquash/jxl/decode.js");
let jxl: Promise<JxlModule> | undefined;

async function loadJxl(): Promise<JxlModule> {
  const module = await import("@jsquash/jxl/decode.js");
  const code = await readFile(require.resolve("@jsquash/jxl/codec/dec/jxl_dec.wasm"));
  await module.init(await WebAssembly.compile(code));
  return module;
}

async function readJxl(bytes: Uint8Array, check: Check): Promise<ForeignPicture> {
  const { codestream, exif, xmp } = jxlBoxes(bytes);
  const size = jxlSize(codestream);
  check(size);
  jxl ??= loadJxl();
  const { default: decode } = await jxl;
  const { width, height, data } = await decode(bytes.slice().buffer as ArrayBuffer);
  check({ width, height });
  const header = { exif: exif && Buffer.from(exif), xmp: xmp && Buffer.from(xmp) } as SharpMetadata;
  const rgba = data as Uint8ClampedArray;
  const warnings = ["is JPEG XL: its colours become sRGB with 8 bits, and only its first frame is read"];
  return { raster: fromRgba(width, height, rgba, true), header, sampleBits: 8, warnings };
}

/** Returns the codestream of a JPEG XL, and what boxes around it say (ISO/IEC 18181-2). */
function jxlBoxes(bytes: Uint8Array): { codestream: Uint8Array; exif?: Uint8Array; xmp?: Uint8Array } {
  if (spells(bytes, "\xff\x0a")) return { codestream: bytes };
  const parts: Uint8Array[] = [];
  const out: { exif?: Uint8Array; xmp?: Uint8Array } = {};
  for (let at = 0; at + 8 <= bytes.length; ) {
    const length = viewOf(bytes).getUint32(at) || bytes.length - at;
    if (length < 8 || at + length > bytes.length) break;
    const type = latin1(bytes.subarray(at + 4, at + 8));
    const data = bytes.subarray(at + 8, at + length);
    if (type === "jxlc") parts.push(data);
    else if (type === "jxlp") parts.push(data.subarray(4));
    else if (type === "Exif") out.exif = data.subarray(4);
    else if (type === "xml ") out.xmp = data;
    at += length;
  }
  return { codestream: join(...parts.map((part) => part.subarray(0, 64))), ...out };
}

/**
 * Reads width and height at the beginning of a codestream (ISO/IEC 18181-1, SizeHeader): bits, the lowest
 * first.
 */
function jxlSize(codestream: Uint8Array): Size {
  let at = 16;
  const take = (count: number) => {
    let value = 0;
    for (let i = 0; i < count; i++, at++) value += ((codestream[at >> 3]! >> (at & 7)) & 1) * 2 ** i;
    if (at > 8 * codestream.length) throw new Error("it ends within its header");
    return value;
  };
  const small = take(1) === 1;
  const side = () => (small ? 8 * (take(5) + 1) : 1 + take([9, 13, 18, 30][take(2)]!));
  const height = side();
  const ratio = take(3);
  const ratios = [0, 1, 12 / 10, 4 / 3, 3 / 2, 16 / 9, 5 / 4, 2];
  const width = ratio === 0 ? side() : Math.floor(height * ratios[ratio]!);
  return { width, height };
}

async function readBmp(bytes: Uint8Array, check: Check): Promise<ForeignPicture> {
  const view = viewOf(bytes);
  const old = view.getUint32(14, true) === 12;
  const size = old
    ? { width: view.getUint16(18, true), height: view.getUint16(20, true) }
    : { width: Math.abs(view.getInt32(18, true)), height: Math.abs(view.getInt32(22, true)) };
  check(size);
  const { decode } = require("@cwasm/nsbmp") as {
    decode(bytes: Uint8Array): Size & { data: Uint8ClampedArray };
  };
  const { width, height, data } = decode(bytes);
  const perMetre = old ? 0 : view.getInt32(38, true);
  const header = (perMetre > 0 ? { density: perMetre * 0.0254 } : {}) as SharpMetadata;
  return { raster: fromRgba(width, height, data, true), header, sampleBits: 8, warnings: [] };
}

/**
 * Returns RGBA as a raster without the channels that say nothing: alpha that is opaque throughout, colour
 * that is grey.
 */
function fromRgba(width: number, height: number, rgba: Uint8ClampedArray, mayBeClear: boolean): Raster {
  let [clear, colourful] = [false, false];
  for (let at = 0; at < rgba.length && !(clear && colourful); at += 4) {
    if (rgba[at + 3] !== 255) clear = true;
    if (rgba[at] !== rgba[at + 1] || rgba[at] !== rgba[at + 2]) colourful = true;
  }
  const colours = colourful ? 3 : 1;
  const channels = (colours + (clear && mayBeClear ? 1 : 0)) as 1 | 2 | 3 | 4;
  const out = createRaster(width, height, channels);
  for (let from = 0, to = 0; from < rgba.length; from += 4, to += channels) {
    for (let c = 0; c < colours; c++) out.data[to + c] = rgba[from + c]!;
    if (channels > colours) out.data[to + colours] = rgba[from + 3]!;
  }
  return out;
}
