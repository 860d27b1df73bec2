/** Which files are animations, of which a page shows one frame. */
import { latin1, spells, viewOf } from "../image/containers/bytes.js";

/** Tells whether a GIF, WebP or AVIF has more than one frame; of other formats nothing is known here. */
export function moves(bytes: Uint8Array): boolean {
  if (spells(bytes, "GIF8")) return hasTwo(gifFrames(bytes));
  if (spells(bytes, "RIFF") && spells(bytes, "WEBP", 8)) return hasTwo(webpFrames(bytes));
  return spells(bytes, "ftypavis", 4);
}

function hasTwo(frames: Iterator<unknown>): boolean {
  frames.next();
  return !frames.next().done;
}

/** Yields where the frames of a GIF begin, as far as the file is whole. */
function* gifFrames(bytes: Uint8Array): Generator<number> {
  /** Bytes of the table of colours that flags announce. */
  const table = (flags = 0) => (flags & 0x80 ? 3 * 2 ** ((flags & 7) + 1) : 0);
  let at = 13 + table(bytes[10]);
  while (at < bytes.length) {
    const block = bytes[at];
    if (block === 0x2c) {
      yield at;
      at += 11 + table(bytes[at + 9]);
    } else if (block === 0x21) at += 2;
    else return;
    // Pieces that begin with their length, the last one empty.
    while (bytes[at]) at += 1 + bytes[at]!;
    at++;
  }
}

/** Yields where the frames of an animated WebP begin. */
function* webpFrames(bytes: Uint8Array): Generator<number> {
  for (let at = 12; at + 8 <= bytes.length; ) {
    if (latin1(bytes.subarray(at, at + 4)) === "ANMF") yield at;
    const length = viewOf(bytes).getUint32(at + 4, true);
    at += 8 + length + (length & 1);
  }
}
