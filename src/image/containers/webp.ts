/** WebP's chunks (RFC 9649): a RIFF file; `VP8X` announces what stands beside the picture. */
import { ascii, join, latin1, spells, viewOf } from "./bytes.js";

interface WebpFacts {
  icc?: Uint8Array;
  exif?: Uint8Array;
  xmp?: Uint8Array;
  /** Whether the (first) picture is stored without loss. */
  lossless: boolean;
}

export function readWebp(bytes: Uint8Array): WebpFacts {
  const facts: WebpFacts = { lossless: false };
  let pictures = 0;
  const picture = (type: string) => {
    if (pictures++ === 0) facts.lossless = type === "VP8L";
  };
  for (const { type, data } of chunks(bytes, 12)) {
    if (type === "ICCP") facts.icc ??= data.slice();
    else if (type === "EXIF") facts.exif ??= data.slice();
    else if (type === "XMP ") facts.xmp ??= data.slice();
    else if (type === "VP8L" || type === "VP8 ") picture(type);
    else if (type === "ANMF") {
      for (const inner of chunks(data, 16)) {
        if (inner.type === "VP8L" || inner.type === "VP8 ") picture(inner.type);
      }
    }
  }
  return facts;
}

function* chunks(bytes: Uint8Array, start: number): Generator<{ type: string; data: Uint8Array }> {
  for (let at = start; at + 8 <= bytes.length; ) {
    const length = viewOf(bytes).getUint32(at + 4, true);
    const end = at + 8 + length;
    if (end > bytes.length) return;
    yield { type: latin1(bytes.subarray(at, at + 4)), data: bytes.subarray(at + 8, end) };
    at = end + (length & 1);
  }
}

/** The bits of `VP8X` that announce a profile, alpha, EXIF and XMP. */
const flags = { icc: 0x20, alpha: 0x10, exif: 0x08, xmp: 0x04 } as const;

/** Returns a WebP with these chunks, instead of those of the kind that it had. */
export function webpWith(
  bytes: Uint8Array,
  size: { width: number; height: number; alpha: boolean },
  additions: { icc?: Uint8Array; exif?: Uint8Array; xmp?: Uint8Array },
): Uint8Array {
  const { icc, exif, xmp } = additions;
  if (icc === undefined && exif === undefined && xmp === undefined) return bytes;
  const own = [...chunks(bytes, 12)].filter(({ type }) => !["ICCP", "EXIF", "XMP "].includes(type));
  const announced = own.find(({ type }) => type === "VP8X")?.data;
  const extended = announced?.slice() ?? new Uint8Array(10);
  if (announced === undefined) {
    if (size.alpha) extended[0]! |= flags.alpha;
    for (const [at, side] of [[4, size.width - 1] as const, [7, size.height - 1] as const]) {
      extended.set([side & 255, (side >> 8) & 255, side >> 16], at);
    }
  }
  extended[0]! &= ~(flags.icc | flags.exif | flags.xmp);
  if (icc !== undefined) extended[0]! |= flags.icc;
  if (exif !== undefined) extended[0]! |= flags.exif;
  if (xmp !== undefined) extended[0]! |= flags.xmp;
  const body = join(
    ascii("WEBP"),
    chunk("VP8X", extended),
    ...(icc ? [chunk("ICCP", icc)] : []),
    ...own.filter(({ type }) => type !== "VP8X").map(({ type, data }) => chunk(type, data)),
    ...(exif ? [chunk("EXIF", exif)] : []),
    ...(xmp ? [chunk("XMP ", xmp)] : []),
  );
  return chunk("RIFF", body);
}

function chunk(type: string, data: Uint8Array): Uint8Array {
  const head = new Uint8Array(8);
  head.set(ascii(type));
  viewOf(head).setUint32(4, data.length, true);
  return join(head, data, new Uint8Array(data.length & 1));
}

/** Tells whether these bytes begin as WebP does. */
export function isWebp(bytes: Uint8Array): boolean {
  return spells(bytes, "RIFF") && spells(bytes, "WEBP", 8);
}
