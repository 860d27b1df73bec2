/** `zlib.ts` where there is no Node. */
import { Unzlib, zlibSync } from "fflate";

export { crc32 } from "./bytes.js";

export function deflate(bytes: Uint8Array): Uint8Array {
  return zlibSync(bytes);
}

/** How much is unpacked before the limit is looked at again. */
const PIECE = 2 ** 14;

export function inflate(bytes: Uint8Array, limit: number): Uint8Array | undefined {
  const pieces: Uint8Array[] = [];
  let length = 0;
  const unzlib = new Unzlib((piece) => {
    pieces.push(piece);
    length += piece.length;
  });
  for (let at = 0; at < bytes.length; at += PIECE) {
    unzlib.push(bytes.subarray(at, at + PIECE), at + PIECE >= bytes.length);
    if (length > limit) return undefined;
  }
  const whole = new Uint8Array(length);
  let at = 0;
  for (const piece of pieces) {
    whole.set(piece, at);
    at += piece.length;
  }
  return whole;
}
