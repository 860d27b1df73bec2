/** What the first bytes of a file say of its size, without a decoder. */
import { latin1, spells, viewOf } from "./containers/bytes.js";
import { jpegFrame } from "./containers/jpeg.js";
import type { InputFormat } from "./formats.js";

/**
 * Reads width and height in pixels that a PNG, GIF, BMP, WebP or JPEG claims, before its orientation is
 * applied. Undefined for other formats, and where the bytes do not reach to what says it. It is a claim: only
 * decoding tells whether it is true.
 * @param head the beginning of the file; a JPEG says its size behind profile and EXIF
 */
export function claimedSize(
  format: InputFormat,
  head: Uint8Array,
): { readonly width: number; readonly height: number } | undefined {
  const view = viewOf(head);
  switch (format) {
    case "png":
      return head.length < 24 ? undefined : { width: view.getUint32(16), height: view.getUint32(20) };
    case "gif":
      return head.length < 10
        ? undefined
        : { width: view.getUint16(6, true), height: view.getUint16(8, true) };
    case "bmp":
      return bmpSize(view);
    case "webp":
      return webpSize(head, view);
    case "jpeg": {
      const frame = jpegFrame(head);
      return frame && { width: frame.width, height: frame.height };
    }
    default:
      return undefined;
  }
}

function bmpSize(view: DataView) {
  if (view.byteLength < 26) return undefined;
  if (view.getUint32(14, true) === 12) {
    return { width: view.getUint16(18, true), height: view.getUint16(20, true) };
  }
  // Rows from the top have a negative height.
  return { width: Math.abs(view.getInt32(18, true)), height: Math.abs(view.getInt32(22, true)) };
}

function webpSize(head: Uint8Array, view: DataView) {
  if (head.length < 30) return undefined;
  const low = (at: number) => view.getUint16(at, true);
  switch (latin1(head.subarray(12, 16))) {
    case "VP8X":
      return {
        width: 1 + (low(24) | (head[26]! << 16)),
        height: 1 + (low(27) | (head[29]! << 16)),
      };
    case "VP8L": {
      const bits = view.getUint32(21, true);
      return { width: 1 + (bits & 0x3fff), height: 1 + ((bits >>> 14) & 0x3fff) };
    }
    case "VP8 ":
      return spells(head, "\x9d\x01\x2a", 23)
        ? { width: low(26) & 0x3fff, height: low(28) & 0x3fff }
        : undefined;
    default:
      return undefined;
  }
}
