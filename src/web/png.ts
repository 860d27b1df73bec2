/**
 * PNG as the specification has it (third edition, chapters 7 and 9), packed by the browser's own deflate. A
 * canvas writes four channels of 8 bits, whatever the picture; this writes the picture's own.
 */
import { join } from "../image/containers/bytes.js";
import { pngChunk, pngHeader, pngSignature } from "../image/containers/png.js";
import type { Raster } from "../image/raster.js";

/** Bytes of filtered rows that are handed on at once. */
const PIECE = 2 ** 20;

/** Encodes a raster of either depth as the bytes of a PNG. */
export async function encodePng(raster: Raster): Promise<Uint8Array> {
  const { width, height, channels, data } = raster;
  const bytes = data instanceof Uint16Array ? highFirst(data) : data;
  const depth = data.BYTES_PER_ELEMENT;
  const step = channels * depth;
  const packing = new CompressionStream("deflate");
  const packed = new Response(packing.readable).arrayBuffer();
  const writer = packing.writable.getWriter();
  const rows = Math.max(1, Math.floor(PIECE / (width * step + 1)));
  for (let y = 0; y < height; y += rows) {
    await writer.write(filtered(bytes, width * step, step, y, Math.min(rows, height - y)) as BufferSource);
  }
  await writer.close();
  return join(
    pngSignature,
    pngHeader({ width, height, channels, bits: depth === 2 ? 16 : 8 }),
    pngChunk("IDAT", new Uint8Array(await packed)),
    pngChunk("IEND", new Uint8Array()),
  );
}

/** Rows, each by the filter whose differences are smallest in sum, behind that filter's number. */
function filtered(bytes: Uint8Array, length: number, step: number, first: number, rows: number): Uint8Array {
  const out = new Uint8Array(rows * (length + 1));
  const tries = FILTERS.map(() => new Uint8Array(length));
  const blank = new Uint8Array(length);
  for (let row = 0; row < rows; row++) {
    const at = (first + row) * length;
    const line = bytes.subarray(at, at + length);
    const above = first + row > 0 ? bytes.subarray(at - length, at) : blank;
    let [best, least] = [0, Number.POSITIVE_INFINITY];
    for (const [f, filter] of FILTERS.entries()) {
      const sum = filter(line, above, step, tries[f]!);
      if (sum < least) [best, least] = [f, sum];
    }
    out[row * (length + 1)] = NUMBERS[best]!;
    out.set(tries[best]!, row * (length + 1) + 1);
  }
  return out;
}

/** Writes a row's differences. @returns the sum of their sizes */
type Filter = (line: Uint8Array, above: Uint8Array, step: number, out: Uint8Array) => number;

const size = (difference: number) => (difference < 128 ? difference : 256 - difference);

const sub: Filter = (line, _, step, out) => {
  let sum = 0;
  for (let i = 0; i < line.length; i++) {
    const difference = (line[i]! - (i < step ? 0 : line[i - step]!)) & 255;
    out[i] = difference;
    sum += size(difference);
  }
  return sum;
};

const up: Filter = (line, above, _, out) => {
  let sum = 0;
  for (let i = 0; i < line.length; i++) {
    const difference = (line[i]! - above[i]!) & 255;
    out[i] = difference;
    sum += size(difference);
  }
  return sum;
};

const paeth: Filter = (line, above, step, out) => {
  let sum = 0;
  for (let i = 0; i < line.length; i++) {
    const left = i < step ? 0 : line[i - step]!;
    const corner = i < step ? 0 : above[i - step]!;
    const over = above[i]!;
    const [a, b, c] = [Math.abs(over - corner), Math.abs(left - corner), Math.abs(left + over - 2 * corner)];
    const guess = a <= b && a <= c ? left : b <= c ? over : corner;
    const difference = (line[i]! - guess) & 255;
    out[i] = difference;
    sum += size(difference);
  }
  return sum;
};

const FILTERS: readonly Filter[] = [sub, up, paeth];

/** What the specification calls them. */
const NUMBERS = [1, 2, 4] as const;

function highFirst(words: Uint16Array): Uint8Array {
  const bytes = new Uint8Array(2 * words.length);
  for (let i = 0, at = 0; i < words.length; i++) {
    const word = words[i]!;
    bytes[at++] = word >> 8;
    bytes[at++] = word & 255;
  }
  return bytes;
}
