/**
 * Bytes as the containers of picture files need them: text of one byte a character, joining, and PNG's
 * checksum.
 */

/** Bytes as text, one character (U+0000 to U+00FF) a byte. */
export function latin1(bytes: Uint8Array): string {
  let out = "";
  for (let i = 0; i < bytes.length; i += 4096) out += String.fromCharCode(...bytes.subarray(i, i + 4096));
  return out;
}

/** Returns text whose characters are all below U+0100 as bytes, one a character. */
export function ascii(text: string): Uint8Array {
  return Uint8Array.from(text, (character) => character.charCodeAt(0));
}

/** Returns all parts, one behind the other, as one new array. */
export function join(...parts: readonly Uint8Array[]): Uint8Array {
  const out = new Uint8Array(parts.reduce((sum, part) => sum + part.length, 0));
  let at = 0;
  for (const part of parts) {
    out.set(part, at);
    at += part.length;
  }
  return out;
}

/** Returns a view for reading numbers out of an array, wherever the array begins in its memory. */
export function viewOf(bytes: Uint8Array): DataView {
  return new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
}

/** Tells whether the bytes at a place spell this text. */
export function spells(bytes: Uint8Array, text: string, at = 0): boolean {
  if (at + text.length > bytes.length) return false;
  for (let i = 0; i < text.length; i++) if (bytes[at + i] !== text.charCodeAt(i)) return false;
  return true;
}

const crcTable = Uint32Array.from({ length: 256 }, (_, byte) => {
  let crc = byte;
  for (let bit = 0; bit < 8; bit++) crc = (crc >>> 1) ^ (crc & 1 ? 0xedb88320 : 0);
  return crc;
});

/**
 * Returns the CRC-32 of PNG and zip (polynomial 0xedb88320).
 * @param before that of what comes before these bytes; 0 at the beginning
 */
export function crc32(bytes: Uint8Array, before = 0): number {
  let crc = ~before;
  for (let i = 0; i < bytes.length; i++) crc = (crc >>> 8) ^ crcTable[(crc ^ bytes[i]!) & 255]!;
  return ~crc >>> 0;
}

/** What the sums of Adler-32 are taken modulo. */
const adlerPrime = 65521;

/** Sums of so many bytes fit into 31 bits before they are taken modulo the prime. */
const adlerBytes = 3800;

/** Returns the Adler-32 of zlib (RFC 1950) of bytes. */
export function adler32(bytes: Uint8Array): number {
  let [low, high] = [1, 0];
  for (let at = 0; at < bytes.length; ) {
    for (const end = Math.min(at + adlerBytes, bytes.length); at < end; at++) {
      low += bytes[at]!;
      high += low;
    }
    low %= adlerPrime;
    high %= adlerPrime;
  }
  return high * 65536 + low;
}

/**
 * Returns the Adler-32 of bytes and others behind them, of which none is looked at.
 * @param before the sum of the first
 * @param whole the sum of something that ends with the others
 * @param top the sum of what the others follow in that; 1 where that is nothing
 * @param length how many the others are
 */
export function adler32Joined(before: number, whole: number, top: number, length: number): number {
  const low = lowOf(before) + lowOf(whole) - lowOf(top);
  const high = highOf(before) + highOf(whole) - highOf(top) + length * (lowOf(before) - lowOf(top));
  return modulo(high) * 65536 + modulo(low);
}

const lowOf = (sum: number) => sum & 0xffff;
const highOf = (sum: number) => sum >>> 16;
const modulo = (number: number) => ((number % adlerPrime) + adlerPrime) % adlerPrime;
