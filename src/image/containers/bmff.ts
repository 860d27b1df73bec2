/**
 * The boxes of AVIF and HEIC (ISO/IEC 14496-12 and 23008-12): a length, a type, data. Only what the decoder does not pass
 * on is read here: what the colours mean, and whether the file is a sequence.
 */
import { latin1, spells, viewOf } from "./bytes.js";

interface Box {
  readonly type: string;
  /** Where its data begins, and where it ends. */
  readonly start: number;
  readonly end: number;
}

function* boxes(bytes: Uint8Array, from: number, to: number): Generator<Box> {
  const view = viewOf(bytes);
  for (let at = from; at + 8 <= to; ) {
    let length = view.getUint32(at);
    let start = at + 8;
    if (length === 1) {
      if (at + 16 > to) return;
      length = Number(view.getBigUint64(at + 8));
      start = at + 16;
    } else if (length === 0) length = to - at;
    const end = at + length;
    if (length < start - at || end > to) return;
    yield { type: latin1(bytes.subarray(at + 4, at + 8)), start, end };
    at = end;
  }
}

/** The first box at the end of a path of types. `meta`'s children begin four bytes later than those of others. */
function find(bytes: Uint8Array, path: readonly string[], from = 0, to = bytes.length): Box | undefined {
  const [type, ...rest] = path;
  for (const box of boxes(bytes, from, to)) {
    if (box.type !== type) continue;
    if (rest.length === 0) return box;
    const found = find(bytes, rest, box.start + (type === "meta" ? 4 : 0), box.end);
    if (found) return found;
  }
  return undefined;
}

export interface Cicp {
  /** Code points of ITU-T H.273. */
  readonly primaries: number;
  readonly transfer: number;
}

/** Where the first `nclx` colour information has its primaries; transfer and matrix follow, two bytes each. */
function nclxAt(bytes: Uint8Array): number | undefined {
  const properties = find(bytes, ["meta", "iprp", "ipco"]);
  if (properties === undefined) return undefined;
  for (const { type, start, end } of boxes(bytes, properties.start, properties.end)) {
    if (type === "colr" && spells(bytes, "nclx", start) && end - start >= 11) return start + 4;
  }
  return undefined;
}

/** What the colours mean, as `nclx` tells it, and whether they are stored as RGB (without loss, most likely). */
export function readNclx(bytes: Uint8Array): (Cicp & { matrix: number }) | undefined {
  const at = nclxAt(bytes);
  if (at === undefined) return undefined;
  const view = viewOf(bytes);
  return { primaries: view.getUint16(at), transfer: view.getUint16(at + 2), matrix: view.getUint16(at + 4) };
}

/** Puts primaries and transfer into the `nclx` of a file that has one. */
export function writeNclx(bytes: Uint8Array, { primaries, transfer }: Cicp): void {
  const at = nclxAt(bytes);
  if (at === undefined) return;
  viewOf(bytes).setUint16(at, primaries);
  viewOf(bytes).setUint16(at + 2, transfer);
}

/** Frames of an image sequence (the samples of its first track); 0 for a still picture. */
export function sequenceFrames(bytes: Uint8Array): number {
  const sizes = find(bytes, ["moov", "trak", "mdia", "minf", "stbl", "stsz"]);
  if (sizes === undefined || sizes.end - sizes.start < 12) return 0;
  return viewOf(bytes).getUint32(sizes.start + 8);
}
