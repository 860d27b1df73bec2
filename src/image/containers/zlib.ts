/** Packing as PNG has it (RFC 1950). A bundle for browsers has `zlib-web.ts` in this file's place. */
import * as zlib from "node:zlib";
import * as bytes from "./bytes.js";

/** Node has had this function since 20.15; a large picture costs it a hundredth of JavaScript's time. */
export const crc32: typeof bytes.crc32 = zlib.crc32 ?? bytes.crc32;

export function deflate(bytes: Uint8Array): Uint8Array {
  return zlib.deflateSync(bytes);
}

/**
 * Unpacks bytes, or gives undefined where they come to more than a limit.
 * @throws Error for what is damaged
 */
export function inflate(bytes: Uint8Array, limit: number): Uint8Array | undefined {
  try {
    return new Uint8Array(zlib.inflateSync(bytes, { maxOutputLength: Math.max(1, limit) }));
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === "ERR_BUFFER_TOO_LARGE") return undefined;
    throw error;
  }
}
