/**
 * PNG's chunks (PNG specification, third edition): length, type, data, CRC-32. Those before the first `IDAT`
 * say what the colours mean, how large a pixel is, who made the picture and with which words.
 */
import { ascii, join, latin1, spells, viewOf } from "./bytes.js";
import { crc32, deflate, inflate } from "./zlib.js";

export const pngSignature = Uint8Array.of(137, 80, 78, 71, 13, 10, 26, 10);

/** One text of a PNG, and how it is stored. */
export interface PngText {
  readonly keyword: string;
  readonly text: string;
  readonly kind: "tEXt" | "zTXt" | "iTXt";
  readonly language?: string;
  readonly translated?: string;
}

interface PngFacts {
  exif?: Uint8Array;
  xmp?: Uint8Array;
  icc?: Uint8Array;
  /** Pixels an inch, across and down. */
  density?: [number, number];
  /** Code points of ITU-T H.273 for primaries and transfer. */
  cicp?: { primaries: number; transfer: number };
  srgb: boolean;
  /** The exponent that the values were coded with, such as 0.45455. */
  gamma?: number;
  /** The chromaticities x and y of white, red, green, blue (CIE 1931). */
  chromaticities?: number[];
  readonly texts: PngText[];
  /** Frames of an animation; 0 for a still picture. */
  frames: number;
  /** What was left out for being larger than the limit, or damaged. */
  readonly lost: string[];
  /** The bytes of the picture without what was read here, which a decoder then need not take apart again. */
  bare: Uint8Array;
}

export interface Chunk {
  readonly type: string;
  readonly data: Uint8Array;
  /** Where the chunk begins, and where the next one does. */
  readonly start: number;
  readonly end: number;
}

/** Returns the chunks, up to the first that does not fit. */
export function* pngChunks(bytes: Uint8Array): Generator<Chunk> {
  for (let at = 8; at + 12 <= bytes.length; ) {
    const length = viewOf(bytes).getUint32(at);
    const end = at + 12 + length;
    if (end > bytes.length) return;
    yield {
      type: latin1(bytes.subarray(at + 4, at + 8)),
      data: bytes.subarray(at + 8, at + 8 + length),
      start: at,
      end,
    };
    at = end;
  }
}

/** Chunks that are read here and nowhere else. */
const ours = [
  "iCCP",
  "eXIf",
  "tEXt",
  "zTXt",
  "iTXt",
  "tIME",
  "sRGB",
  "acTL",
  "fcTL",
  "fdAT",
  "pHYs",
  "cICP",
  "gAMA",
  "cHRM",
];

/**
 * Reads what the chunks of a PNG say beside its pixels.
 * @param limit the most bytes that profile, EXIF, XMP and texts may have in all, unpacked
 */
export function readPng(bytes: Uint8Array, limit: number): PngFacts {
  const facts: PngFacts = { srgb: false, texts: [], frames: 0, lost: [], bare: bytes };
  let left = limit;
  const raw: RawProfiles = {};
  const keptRanges: [number, number][] = [[0, 8]];
  let end = 8;
  for (const chunk of pngChunks(bytes)) {
    end = chunk.end;
    if (!ours.includes(chunk.type)) {
      const last = keptRanges[keptRanges.length - 1]!;
      if (last[1] === chunk.start) last[1] = chunk.end;
      else keptRanges.push([chunk.start, chunk.end]);
      continue;
    }
    try {
      left -= take(facts, raw, chunk, left);
    } catch (error) {
      facts.lost.push(
        error instanceof TooLarge ? `${error.message}, over the limit` : `a damaged ${chunk.type} chunk`,
      );
    }
  }
  for (const name of ["exif", "xmp", "icc"] as const) if (raw[name]) facts[name] ??= raw[name];
  // What is no chunk any more is for the decoder to judge.
  if (end < bytes.length) keptRanges.push([end, bytes.length]);
  if (keptRanges.length > 1) facts.bare = join(...keptRanges.map(([from, to]) => bytes.subarray(from, to)));
  return facts;
}

class TooLarge extends Error {}

/** What ImageMagick and ExifTool have written in hexadecimal digits, from before there were chunks for it. */
type RawProfiles = Pick<PngFacts, "exif" | "xmp" | "icc">;

const rawProfiles: Readonly<Record<string, keyof RawProfiles>> = {
  exif: "exif",
  APP1: "exif",
  xmp: "xmp",
  icc: "icc",
  icm: "icc",
};

const xmpInApp1 = ascii("http://ns.adobe.com/xap/1.0/\0");

/**
 * Takes over a profile that ImageMagick wrote as hexadecimal text.
 * @returns whether it was one
 */
function takeRawProfile(raw: RawProfiles, { keyword, text }: PngText): boolean {
  const name = rawProfiles[/^Raw profile type (\w+)$/.exec(keyword)?.[1] ?? ""];
  if (name === undefined) return false;
  // Its name, its length, its digits.
  const [, length, ...lines] = text.trim().split(/\s+/);
  const digits = lines.join("");
  if (digits.length !== 2 * Number(length) || /[^0-9a-f]/i.test(digits)) throw new Error("no digits");
  const bytes = Uint8Array.from({ length: digits.length / 2 }, (_, i) =>
    Number.parseInt(digits.slice(2 * i, 2 * i + 2), 16),
  );
  const isXmp = xmpInApp1.every((byte, i) => bytes[i] === byte);
  if (isXmp) raw.xmp ??= bytes.slice(xmpInApp1.length);
  else raw[name] ??= bytes;
  return true;
}

/** Notes what a chunk says. @returns the bytes that it takes of the limit */
function take(facts: PngFacts, raw: RawProfiles, { type, data }: Chunk, left: number): number {
  const view = viewOf(data);
  switch (type) {
    case "pHYs": {
      const [x, y] = [view.getUint32(0), view.getUint32(4)];
      if (data[8] === 1 && x > 0 && y > 0) facts.density = [x * 0.0254, y * 0.0254];
      return 0;
    }
    case "cICP":
      facts.cicp = { primaries: view.getUint8(0), transfer: view.getUint8(1) };
      return 0;
    case "gAMA": {
      const gamma = view.getUint32(0) / 1e5;
      if (gamma > 0) facts.gamma = gamma;
      return 0;
    }
    case "cHRM":
      facts.chromaticities = Array.from({ length: 8 }, (_, i) => view.getUint32(4 * i) / 1e5);
      return 0;
    case "sRGB":
      facts.srgb = true;
      return 0;
    case "acTL":
      facts.frames = view.getUint32(0);
      return 0;
    case "eXIf":
      if (data.length > left) throw new TooLarge(`EXIF of ${data.length} bytes`);
      facts.exif ??= data.slice();
      return data.length;
    case "iCCP": {
      const name = data.indexOf(0);
      facts.icc ??= unpacked(data.subarray(name + 2), left, "a colour profile");
      return facts.icc.length;
    }
    case "tEXt":
    case "zTXt":
    case "iTXt": {
      const text = readText(type, data, left);
      if (text.keyword === "XML:com.adobe.xmp") facts.xmp ??= new TextEncoder().encode(text.text);
      else if (!takeRawProfile(raw, text)) facts.texts.push(text);
      return text.text.length;
    }
    default:
      return 0;
  }
}

function unpacked(data: Uint8Array, left: number, what: string): Uint8Array {
  const bytes = inflate(data, left);
  if (!bytes) throw new TooLarge(what);
  return bytes;
}

function readText(kind: PngText["kind"], data: Uint8Array, left: number): PngText {
  const [keywordEnd, what] = [data.indexOf(0), kind === "iTXt" ? "a text" : "text"];
  if (keywordEnd < 1) throw new Error("no keyword");
  const keyword = latin1(data.subarray(0, keywordEnd));
  const rest = data.subarray(keywordEnd + 1);
  const named = keyword === "XML:com.adobe.xmp" ? "XMP" : `${what} "${keyword.slice(0, 30)}"`;
  const bounded = (bytes: Uint8Array, packed: boolean) => {
    if (packed) return unpacked(bytes, left, named);
    if (bytes.length > left) throw new TooLarge(named);
    return bytes;
  };
  if (kind === "tEXt") return { kind, keyword, text: latin1(bounded(rest, false)) };
  if (kind === "zTXt") return { kind, keyword, text: latin1(bounded(rest.subarray(1), true)) };
  const languageEnd = rest.indexOf(0, 2);
  const translatedEnd = rest.indexOf(0, languageEnd + 1);
  if (languageEnd < 0 || translatedEnd < 0) throw new Error("no text");
  const utf8 = new TextDecoder();
  return {
    kind,
    keyword,
    text: utf8.decode(bounded(rest.subarray(translatedEnd + 1), rest[0] === 1)),
    language: latin1(rest.subarray(2, languageEnd)),
    translated: utf8.decode(rest.subarray(languageEnd + 1, translatedEnd)),
  };
}

export interface PngAdditions {
  density?: readonly [number, number];
  exif?: Uint8Array;
  xmp?: Uint8Array;
  icc?: Uint8Array;
  cicp?: { readonly primaries: number; readonly transfer: number };
  gamma?: number;
  chromaticities?: readonly number[];
  texts?: readonly PngText[];
  /** Frames of an animation, and how often they are shown (0 for ever). */
  motion?: { readonly frames: number; readonly loops: number };
}

/** Longer texts are packed. */
const packFrom = 1024;

/**
 * Returns what a PNG begins with up to its first `IDAT`, with these chunks instead of those of the kind that
 * it had.
 * @param bytes the file, or as much of it as holds the beginning of its first `IDAT`
 * @returns the new beginning, and how many bytes of the file it replaces
 */
export function pngHead(bytes: Uint8Array, additions: PngAdditions): { head: Uint8Array; replaces: number } {
  const parts: Uint8Array[] = [pngSignature];
  const late: Uint8Array[] = [];
  let at = 8;
  for (; !spells(bytes, "IDAT", at + 4); ) {
    const end = at + 12 + viewOf(bytes).getUint32(at);
    const type = latin1(bytes.subarray(at + 4, at + 8));
    if (type === "IHDR") parts.push(bytes.subarray(at, end));
    else if (!ours.includes(type) && type !== "sRGB") late.push(bytes.subarray(at, end));
    at = end;
  }
  const { density, exif, xmp, icc, cicp, gamma, chromaticities, texts = [], motion } = additions;
  if (cicp) parts.push(pngChunk("cICP", Uint8Array.of(cicp.primaries, cicp.transfer, 0, 1)));
  if (icc) parts.push(pngChunk("iCCP", join(ascii("icc\0\0"), deflate(icc))));
  if (gamma !== undefined) parts.push(pngChunk("gAMA", numbers([gamma * 1e5])));
  if (chromaticities) parts.push(pngChunk("cHRM", numbers(chromaticities.map((value) => value * 1e5))));
  if (density) {
    const perMetre = density.map((value) => value / 0.0254);
    parts.push(pngChunk("pHYs", join(numbers(perMetre), Uint8Array.of(1))));
  }
  if (exif) parts.push(pngChunk("eXIf", exif));
  if (xmp) parts.push(pngChunk("iTXt", join(ascii("XML:com.adobe.xmp\0\0\0\0\0"), xmp)));
  for (const text of texts) parts.push(textChunk(text));
  if (motion) parts.push(pngChunk("acTL", numbers([motion.frames, motion.loops])));
  return { head: join(...parts, ...late), replaces: at };
}

function textChunk({ kind, keyword, text, language = "", translated = "" }: PngText): Uint8Array {
  const name = join(ascii(keyword), Uint8Array.of(0));
  if (kind !== "iTXt") {
    const bytes = ascii(text);
    if (kind === "tEXt") return pngChunk("tEXt", join(name, bytes));
    return pngChunk("zTXt", join(name, Uint8Array.of(0), deflate(bytes)));
  }
  const utf8 = new TextEncoder();
  const bytes = utf8.encode(text);
  const packed = bytes.length >= packFrom;
  const between = join(
    Uint8Array.of(packed ? 1 : 0, 0),
    ascii(language),
    Uint8Array.of(0),
    utf8.encode(translated),
    Uint8Array.of(0),
  );
  return pngChunk("iTXt", join(name, between, packed ? deflate(bytes) : bytes));
}

/** Colour types by the number of channels. */
const colourTypes = { 1: 0, 2: 4, 3: 2, 4: 6 } as const;

/** Returns the `IHDR` chunk of a picture that is not interlaced. */
export function pngHeader({
  width,
  height,
  channels,
  bits,
}: {
  readonly width: number;
  readonly height: number;
  readonly channels: 1 | 2 | 3 | 4;
  readonly bits: 8 | 16;
}): Uint8Array {
  return pngChunk(
    "IHDR",
    join(numbers([width, height]), Uint8Array.of(bits, colourTypes[channels], 0, 0, 0)),
  );
}

/** Numbers of four bytes, the highest first. */
export function numbers(values: readonly number[]): Uint8Array {
  const bytes = new Uint8Array(4 * values.length);
  for (const [i, value] of values.entries()) viewOf(bytes).setUint32(4 * i, Math.round(value));
  return bytes;
}

/** Returns a chunk of this type and data. */
export function pngChunk(type: string, data: Uint8Array): Uint8Array {
  const name = ascii(type);
  const frame = new Uint8Array(8);
  viewOf(frame).setUint32(0, data.length);
  viewOf(frame).setUint32(4, crc32(data, crc32(name)));
  return join(frame.subarray(0, 4), name, data, frame.subarray(4));
}
