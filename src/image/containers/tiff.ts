/**
 * TIFF's directories, read for what the decoder does not pass on and written anew for what the encoder cannot
 * say. The encoder's file stays as it is; a new directory is appended that points to the same pixels.
 */
import { SamsrError } from "../../base/errors.js";
import type { ExifField } from "../metadata/exif.js";
import { readExifFields, tags } from "../metadata/exif.js";
import { resolutionFields, writeDirectories } from "../metadata/exif-write.js";
import { latin1, spells, viewOf } from "./bytes.js";
import { memoryStore, type Store } from "./store.js";

const photometric = 0x0106;

/** Tags that tell how the pixels are stored, which is no business of a result. */
export const structural: ReadonlySet<number> = new Set([
  0x00fe, 0x00ff, 0x0100, 0x0101, 0x0102, 0x0103, 0x0106, 0x0107, 0x0108, 0x0109, 0x010a, 0x0111, 0x0112,
  0x0115, 0x0116, 0x0117, 0x0118, 0x0119, 0x011a, 0x011b, 0x011c, 0x0120, 0x0121, 0x0122, 0x0123, 0x0124,
  0x0125, 0x0128, 0x0129, 0x012d, 0x013d, 0x013e, 0x013f, 0x0140, 0x0141, 0x0142, 0x0143, 0x0144, 0x0145,
  0x0146, 0x0147, 0x0148, 0x014a, 0x014c, 0x014d, 0x014e, 0x0150, 0x0151, 0x0152, 0x0153, 0x0154, 0x0155,
  0x0156, 0x0157, 0x0158, 0x015b, 0x0200, 0x0201, 0x0202, 0x0203, 0x0205, 0x0206, 0x0207, 0x0208, 0x0209,
  0x0211, 0x0212, 0x0213, 0x0214, 0x02bc, 0x83bb, 0x8649, 0x8773, 0xc4a5, 0xc612,
]);

/** Tags of Adobe's raw photos (DNG), and where a file has them it is one. */
const dngVersion = 0xc612;

/** Tells whether a TIFF is a raw photo: a DNG, or one of the makers' kinds. */
export function isRawPhoto(bytes: Uint8Array): boolean {
  // Canon's CR2 names itself behind the header, Panasonic's and Olympus' in place of 42.
  if (spells(bytes, "CR", 8)) return true;
  const { main } = readExifFields(bytes);
  const number = (tag: number) => {
    const field = main.find((one) => one.tag === tag);
    return field?.type === 3 ? viewOf(field.value).getUint16(0, true) : undefined;
  };
  const colourFilterArray = 32803;
  const linearRaw = 34892;
  return (
    main.some(({ tag }) => tag === dngVersion) ||
    number(photometric) === colourFilterArray ||
    number(photometric) === linearRaw ||
    number(tags.compression) === 34713
  );
}

/**
 * Returns a copy of a TIFF in CIELab whose pixels claim to be RGB, and what they are: code 8 counts a and b
 * from -128, code 9 (ICC Lab) from 0 with 128 as neutral. Undefined for a TIFF that is not 8-bit Lab.
 */
export function labAsRgb(bytes: Uint8Array): { bytes: Uint8Array; signed: boolean } | undefined {
  if (!spells(bytes, "II*\0") && !spells(bytes, "MM\0*")) return undefined;
  const little = spells(bytes, "II");
  const view = viewOf(bytes);
  const start = view.getUint32(4, little);
  if (start + 2 > bytes.length) return undefined;
  const count = view.getUint16(start, little);
  let code = 0;
  let place = 0;
  let eight = false;
  for (let at = start + 2; at < start + 2 + 12 * count && at + 12 <= bytes.length; at += 12) {
    const tag = view.getUint16(at, little);
    if (tag === photometric) {
      code = view.getUint16(at + 8, little);
      place = at + 8;
    } else if (tag === 0x0102) {
      const from = view.getUint32(at + 4, little) <= 2 ? at + 8 : view.getUint32(at + 8, little);
      eight = from + 2 <= bytes.length && view.getUint16(from, little) === 8;
    }
  }
  if (!eight || (code !== 8 && code !== 9)) return undefined;
  const copy = bytes.slice();
  viewOf(copy).setUint16(place, 2, little);
  return { bytes: copy, signed: code === 8 };
}

interface TiffAdditions {
  density?: readonly [number, number];
  icc?: Uint8Array;
  xmp?: Uint8Array;
  iptc?: Uint8Array;
  /** Entries of EXIF's directories; those of `main` must not be {@link structural}. */
  exif?: { main: ExifField[]; photo: ExifField[]; gps: ExifField[]; interoperability: ExifField[] };
}

const replaced: readonly number[] = [
  tags.xResolution,
  tags.yResolution,
  tags.resolutionUnit,
  700,
  33723,
  34675,
];

/**
 * Gives every page of a little-endian TIFF (as the encoder writes it) a new directory with these entries,
 * without the density that the encoder makes up. A BigTIFF keeps its directories.
 */
export async function addToTiff(store: Store, additions: TiffAdditions): Promise<void> {
  const head = await store.read(0, 8);
  if (!spells(head, "II*\0")) return;
  const { density, icc, xmp, iptc, exif } = additions;
  const bytesField = (tag: number, type: number, value: Uint8Array): ExifField => ({
    tag,
    type,
    count: value.length,
    value,
  });
  let pointerAt = 4;
  for (let pages = 0; pages < 100_000; pages++) {
    const start = await readNumber(store, pointerAt);
    if (start === 0) break;
    const { fields, next } = await readDirectory(store, start);
    const main = fields.filter(
      ({ tag }) => !replaced.includes(tag) && tag !== tags.photo && tag !== tags.gps,
    );
    if (density) main.push(...resolutionFields(density));
    if (icc) main.push(bytesField(34675, 7, icc));
    if (pages === 0) {
      if (xmp) main.push(bytesField(700, 1, xmp));
      if (iptc) main.push(bytesField(33723, 7, iptc));
      main.push(...(exif?.main ?? []).filter(({ tag }) => !main.some((field) => field.tag === tag)));
    }
    const none = { photo: [], gps: [], interoperability: [] };
    const size = await store.size();
    const at = size + (size & 1);
    const { bytes, nextAt } = writeDirectories({ ...none, ...(pages === 0 && exif), main }, at);
    viewOf(bytes).setUint32(nextAt, next, true);
    await store.write(at, bytes);
    await store.write(pointerAt, number(at));
    pointerAt = at + nextAt;
  }
}

const offsetTags: readonly number[] = [0x0111, 0x0144];

/**
 * Makes the pages of another little-endian TIFF (each as {@link addToTiff} leaves it) the last ones of this.
 */
export async function appendTiff(store: Store, other: Uint8Array): Promise<void> {
  const size = await store.size();
  const base = size + (size & 1);
  if (base + other.length >= 2 ** 32)
    throw new SamsrError("TIFF pages of more than 4 GiB; choose a smaller scale");
  let pointerAt = 4;
  for (let start = await readNumber(store, 4); start !== 0; start = await readNumber(store, pointerAt)) {
    pointerAt = start + 2 + 12 * viewOf(await store.read(start, 2)).getUint16(0, true);
  }
  await store.write(base, other);
  const from = memoryStore(other);
  for (let start = await readNumber(from, 4); start !== 0; ) {
    const { fields, next } = await readDirectory(from, start);
    const main = fields.map((field) => (offsetTags.includes(field.tag) ? moved(field, base) : field));
    const end = await store.size();
    const at = end + (end & 1);
    const { bytes, nextAt } = writeDirectories({ main, photo: [], gps: [], interoperability: [] }, at);
    await store.write(at, bytes);
    await store.write(pointerAt, number(at));
    pointerAt = at + nextAt;
    start = next;
  }
}

async function readNumber(store: Store, at: number): Promise<number> {
  return viewOf(await store.read(at, 4)).getUint32(0, true);
}

function number(value: number): Uint8Array {
  const bytes = new Uint8Array(4);
  viewOf(bytes).setUint32(0, value, true);
  return bytes;
}

/** Returns the same places of pixels, in a file in which they lie further back. */
function moved({ tag, type, count, value }: ExifField, by: number): ExifField {
  const view = viewOf(value);
  const places = Array.from({ length: count }, (_, i) =>
    type === 3 ? view.getUint16(2 * i, true) : view.getUint32(4 * i, true),
  );
  const out = new Uint8Array(4 * count);
  for (const [i, place] of places.entries()) viewOf(out).setUint32(4 * i, place + by, true);
  return { tag, type: 4, count, value: out };
}

const typeSizes = [0, 1, 1, 2, 4, 8, 1, 1, 2, 4, 8, 4, 8, 4];

async function readDirectory(store: Store, start: number): Promise<{ fields: ExifField[]; next: number }> {
  const count = viewOf(await store.read(start, 2)).getUint16(0, true);
  const bytes = await store.read(start + 2, 12 * count + 4);
  const view = viewOf(bytes);
  const fields: ExifField[] = [];
  for (let i = 0; i < count; i++) {
    const at = 12 * i;
    const type = view.getUint16(at + 2, true);
    const values = view.getUint32(at + 4, true);
    const length = typeSizes[type]! * values;
    const value =
      length <= 4
        ? bytes.slice(at + 8, at + 8 + length)
        : await store.read(view.getUint32(at + 8, true), length);
    fields.push({ tag: view.getUint16(at, true), type, count: values, value });
  }
  return { fields, next: view.getUint32(12 * count, true) };
}

/** Tells whether the bytes begin as a TIFF does, of either size and either byte order. */
export function isTiff(bytes: Uint8Array): boolean {
  return /^(II[*+]\0|MM\0[*+])/.test(latin1(bytes.subarray(0, 4)));
}
