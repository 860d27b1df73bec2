/** Checksums and unpacking by Node's zlib: in a module of its own, which bundles for a browser leave out. */
import { promisify } from "node:util";
import * as zlib from "node:zlib";
import * as web from "./unpack-web.js";

/** Node has had this function since 20.15. */
export const crc32: (bytes: Uint8Array) => number = zlib.crc32 ?? web.crc32;

const inflateRaw = promisify<Uint8Array, zlib.ZlibOptions, Buffer>(zlib.inflateRaw);

/** Unpacks deflated data to at most `most` bytes; throws where there are more, or none that can be read. */
export async function inflate(packed: Uint8Array, most: number): Promise<Uint8Array> {
  return inflateRaw(packed, { maxOutputLength: Math.max(1, most) });
}
