/**
 * JPEG's segments (ITU-T T.81, annex B): a marker, a length, data. What a picture says of itself stands in
 * application segments before the first scan: JFIF, EXIF, XMP, a colour profile in numbered pieces,
 * Photoshop's resources.
 */
import { ascii, join, latin1, spells, viewOf } from "./bytes.js";

/** The most bytes that a segment can hold behind its length. */
const segmentLimit = 65533;

const names = {
  exif: "Exif\0\0",
  xmp: "http://ns.adobe.com/xap/1.0/\0",
  icc: "ICC_PROFILE\0",
  photoshop: "Photoshop 3.0\0",
  jfif: "JFIF\0",
} as const;

interface JpegFacts {
  exif?: Uint8Array;
  xmp?: Uint8Array;
  icc?: Uint8Array;
  /** The resources of Photoshop's segments, without their name. */
  photoshop?: Uint8Array;
  /** Pixels an inch, across and down, as JFIF has them. */
  density?: [number, number];
  /** Whether XMP goes on in further segments, which are not read. */
  extendedXmp: boolean;
}

/** Reads what the segments before the first scan say; reading ends where they make no sense. */
export function readJpeg(bytes: Uint8Array): JpegFacts {
  const facts: JpegFacts = { extendedXmp: false };
  const profile = new Map<number, Uint8Array>();
  const photoshop: Uint8Array[] = [];
  for (const { marker, data } of segments(bytes)) {
    if (marker === 0xe0 && spells(data, names.jfif) && data.length >= 12) {
      const unit = data[7];
      const [x, y] = [viewOf(data).getUint16(8), viewOf(data).getUint16(10)];
      const perInch = unit === 2 ? 2.54 : 1;
      if ((unit === 1 || unit === 2) && x > 0 && y > 0) facts.density = [x * perInch, y * perInch];
    } else if (marker === 0xe1 && spells(data, names.exif)) facts.exif ??= data.subarray(names.exif.length);
    else if (marker === 0xe1 && spells(data, names.xmp)) facts.xmp ??= data.subarray(names.xmp.length);
    else if (marker === 0xe1 && spells(data, "http://ns.adobe.com/xmp/extension/")) facts.extendedXmp = true;
    else if (marker === 0xe2 && spells(data, names.icc)) profile.set(data[12] ?? 0, data.subarray(14));
    else if (marker === 0xed && spells(data, names.photoshop)) {
      photoshop.push(data.subarray(names.photoshop.length));
    }
  }
  if (profile.size > 0) {
    facts.icc = join(...[...profile].sort(([a], [b]) => a - b).map(([, part]) => part));
  }
  if (photoshop.length > 0) facts.photoshop = join(...photoshop);
  return facts;
}

function* segments(bytes: Uint8Array): Generator<{ marker: number; data: Uint8Array }> {
  for (let at = 2; at + 4 <= bytes.length && bytes[at] === 0xff; ) {
    const marker = bytes[at + 1]!;
    if (marker === 0xff) {
      at += 1;
      continue;
    }
    if (marker === 0xda || marker === 0xd9) return;
    const length = viewOf(bytes).getUint16(at + 2);
    if (length < 2 || at + 2 + length > bytes.length) return;
    yield { marker, data: bytes.subarray(at + 4, at + 2 + length) };
    at += 2 + length;
  }
}

/** The head of a JPEG's frame: its size in pixels before its orientation is applied, and its components. */
interface JpegFrame {
  readonly width: number;
  readonly height: number;
  /** The number of components: 1 for grey, 3 for colour, 4 for CMYK. */
  readonly components: number;
}

/**
 * Walks from segment to segment to the start of the frame (ITU-T T.81, B.2.2); undefined where the bytes do
 * not reach to it, or make no sense before.
 */
export function jpegFrame(bytes: Uint8Array): JpegFrame | undefined {
  const view = viewOf(bytes);
  for (let at = 2; at + 10 <= bytes.length && bytes[at] === 0xff; ) {
    const marker = bytes[at + 1]!;
    if (marker === 0xff) {
      at++;
      continue;
    }
    const startsFrame = marker >= 0xc0 && marker <= 0xcf && ![0xc4, 0xc8, 0xcc].includes(marker);
    if (startsFrame) {
      return {
        width: view.getUint16(at + 7),
        height: view.getUint16(at + 5),
        components: bytes[at + 9]!,
      };
    }
    const length = view.getUint16(at + 2);
    if (length < 2 || marker === 0xda) return undefined;
    at += 2 + length;
  }
  return undefined;
}

interface JpegAdditions {
  /** Pixels an inch, across and down. */
  density?: readonly [number, number];
  exif?: Uint8Array;
  xmp?: Uint8Array;
  icc?: Uint8Array;
  iptc?: Uint8Array;
}

/** Returns what of these a JPEG has no room for. */
export function exceedsJpeg({ exif, xmp, iptc }: JpegAdditions): ("EXIF" | "XMP" | "IPTC")[] {
  const fits = (name: string, data: Uint8Array | undefined, more = 0) =>
    (data?.length ?? 0) + name.length + more <= segmentLimit;
  return [
    ...(fits(names.exif, exif) ? [] : (["EXIF"] as const)),
    ...(fits(names.xmp, xmp) ? [] : (["XMP"] as const)),
    ...(fits(names.photoshop, iptc, 14) ? [] : (["IPTC"] as const)),
  ];
}

/**
 * Returns a JPEG with these segments behind its start, instead of the application segments that it had there.
 */
export function jpegWith(bytes: Uint8Array, additions: JpegAdditions): Uint8Array {
  const { density, exif, xmp, icc, iptc } = additions;
  const parts: Uint8Array[] = [bytes.subarray(0, 2)];
  if (density !== undefined) parts.push(segment(0xe0, jfif(density)));
  if (exif !== undefined) parts.push(segment(0xe1, join(ascii(names.exif), exif)));
  if (xmp !== undefined) parts.push(segment(0xe1, join(ascii(names.xmp), xmp)));
  if (icc !== undefined) {
    const piece = segmentLimit - 14;
    const count = Math.ceil(icc.length / piece);
    for (let i = 0; i < count; i++) {
      const numbered = join(ascii(names.icc), Uint8Array.of(i + 1, count));
      parts.push(segment(0xe2, join(numbered, icc.subarray(i * piece, (i + 1) * piece))));
    }
  }
  if (iptc !== undefined) parts.push(segment(0xed, join(ascii(names.photoshop), iptcResource(iptc))));
  let from = 2;
  for (const { marker, data } of segments(bytes)) {
    // Adobe's segment (14) tells how the colours are coded, and has to stay.
    if (marker < 0xe0 || marker > 0xed) break;
    from = data.byteOffset - bytes.byteOffset + data.length;
  }
  return join(...parts, bytes.subarray(from));
}

function segment(marker: number, data: Uint8Array): Uint8Array {
  const length = data.length + 2;
  return join(Uint8Array.of(0xff, marker, length >> 8, length & 255), data);
}

function jfif([x, y]: readonly [number, number]): Uint8Array {
  // Whole numbers only: centimetres where they are nearer to the truth.
  const off = (values: number[]) => Math.max(...values.map((v) => Math.abs(v - Math.round(v)) / v));
  const perCentimetre = [x / 2.54, y / 2.54];
  const useCentimetres = off([x, y]) > 0.001 && off(perCentimetre) < off([x, y]);
  const [across, down] = (useCentimetres ? perCentimetre : [x, y]).map((value) =>
    Math.max(1, Math.min(65535, Math.round(value))),
  ) as [number, number];
  const unit = useCentimetres ? 2 : 1;
  return join(
    ascii(names.jfif),
    Uint8Array.of(1, 2, unit, across >> 8, across & 255, down >> 8, down & 255, 0, 0),
  );
}

const iptcResourceId = 0x0404;

function iptcResource(iptc: Uint8Array): Uint8Array {
  const head = new Uint8Array(12);
  head.set(ascii("8BIM"));
  viewOf(head).setUint16(4, iptcResourceId);
  viewOf(head).setUint32(8, iptc.length);
  return join(head, iptc, new Uint8Array(iptc.length & 1));
}

/** Returns the IPTC among Photoshop's resources (each: `8BIM`, number, name, length, data), or undefined. */
export function iptcOfResources(resources: Uint8Array): Uint8Array | undefined {
  for (let at = 0; at + 12 <= resources.length; ) {
    if (latin1(resources.subarray(at, at + 4)) !== "8BIM") return undefined;
    const id = viewOf(resources).getUint16(at + 4);
    const nameLength = resources[at + 6]! + 1;
    const sizeAt = at + 6 + nameLength + (nameLength & 1);
    if (sizeAt + 4 > resources.length) return undefined;
    const length = viewOf(resources).getUint32(sizeAt);
    const data = resources.subarray(sizeAt + 4, sizeAt + 4 + length);
    if (id === iptcResourceId && data.length === length) return data.slice();
    at = sizeAt + 4 + length + (length & 1);
  }
  return undefined;
}
