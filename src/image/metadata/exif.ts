/**
 * EXIF: a small TIFF file (JEITA CP-3451) of directories of 12-byte entries. Files out of phones, editors and
 * fuzzers break its rules, so reading never trusts a number: an entry counts only when all of it lies inside.
 */
import { spells, viewOf } from "../containers/bytes.js";

/** One entry of a directory; its value in little-endian byte order. */
export interface ExifField {
  readonly tag: number;
  readonly type: number;
  readonly count: number;
  readonly value: Uint8Array;
}

/** The directories that are kept: of the picture, of how it was taken, of where, and of compatibility. */
export interface ExifFields {
  readonly main: ExifField[];
  readonly photo: ExifField[];
  readonly gps: ExifField[];
  readonly interoperability: ExifField[];
}

export const tags = {
  imageWidth: 0x0100,
  imageLength: 0x0101,
  compression: 0x0103,
  orientation: 0x0112,
  xResolution: 0x011a,
  yResolution: 0x011b,
  resolutionUnit: 0x0128,
  photo: 0x8769,
  gps: 0x8825,
  interoperability: 0xa005,
  makerNote: 0x927c,
  pixelXDimension: 0xa002,
  pixelYDimension: 0xa003,
  subDirectories: 0x014a,
} as const;

/** Bytes of one value of each type, from 1 (BYTE) to 13 (IFD). */
const sizes = [0, 1, 1, 2, 4, 8, 1, 1, 2, 4, 8, 4, 8, 4];

/** Bytes that are swapped together when the byte order changes. */
const units = [0, 1, 1, 2, 4, 4, 1, 1, 2, 4, 4, 4, 8, 4];

/** What a walk through EXIF has found. */
export interface ExifWalk {
  readonly fields: ExifFields;
  /** Where in the bytes each entry of `main` and `photo` stands, by tag. */
  readonly mainAt: Map<number, number>;
  readonly photoAt: Map<number, number>;
  /** Where the offsets of further directories stand, one behind each directory. */
  readonly nextAt: number[];
  readonly little: boolean;
  /** Whether every entry kept the rules. */
  sound: boolean;
}

/** Tells whether the bytes begin as EXIF (and every TIFF file) does: byte order, then 42. */
export function isExif(bytes: Uint8Array): boolean {
  return bytes.length >= 8 && (spells(bytes, "II*\0") || spells(bytes, "MM\0*"));
}

/** Returns EXIF without the prefix of JPEG, or undefined where the bytes are not EXIF. */
export function bareExif(bytes: Uint8Array): Uint8Array | undefined {
  const bare = spells(bytes, "Exif\0\0") ? bytes.subarray(6) : bytes;
  return isExif(bare) ? new Uint8Array(bare) : undefined;
}

/** Walks through all directories of EXIF. */
export function walkExif(exif: Uint8Array): ExifWalk {
  const view = viewOf(exif);
  const little = spells(exif, "II");
  const fields: ExifFields = { main: [], photo: [], gps: [], interoperability: [] };
  const out: ExifWalk = { fields, mainAt: new Map(), photoAt: new Map(), nextAt: [], little, sound: true };
  const directories: [from: number, to: number][] = [];
  const values: [from: number, to: number][] = [];

  function directory(start: number, into: ExifField[], places: Map<number, number>): void {
    if (start < 8 || start + 2 > exif.length || directories.some(([from]) => from === start)) {
      out.sound = false;
      return;
    }
    const count = view.getUint16(start, little);
    const end = start + 2 + 12 * count;
    directories.push([start, Math.min(end + 4, exif.length)]);
    if (end + 4 <= exif.length) out.nextAt.push(end);
    for (let i = 0; i < count; i++) {
      const at = start + 2 + 12 * i;
      if (at + 12 > exif.length) {
        out.sound = false;
        return;
      }
      const field = entry(at);
      if (field === undefined || places.has(field.tag)) out.sound = false;
      else {
        places.set(field.tag, at);
        into.push(field);
      }
    }
  }

  function entry(at: number): ExifField | undefined {
    const tag = view.getUint16(at, little);
    const type = view.getUint16(at + 2, little);
    const count = view.getUint32(at + 4, little);
    const length = (sizes[type] ?? 0) * count;
    if (length === 0) return undefined;
    const from = length <= 4 ? at + 8 : view.getUint32(at + 8, little);
    if (from + length > exif.length) return undefined;
    if (length > 4) values.push([from, from + length]);
    // Not slice, which in a Buffer would be the same memory.
    const value = new Uint8Array(exif.subarray(from, from + length));
    return { tag, type, count, value: little ? value : swapped(value, units[type]!) };
  }

  function below(parent: readonly ExifField[], tag: number, into: ExifField[], places = new Map()): void {
    const pointer = parent.find((field) => field.tag === tag);
    if (pointer === undefined) return;
    directory(numberOf(pointer) ?? 0, into, places);
  }

  directory(view.getUint32(4, little), fields.main, out.mainAt);
  below(fields.main, tags.photo, fields.photo, out.photoAt);
  below(fields.main, tags.gps, fields.gps);
  below(fields.photo, tags.interoperability, fields.interoperability);
  // A change in place would reach what else lies there; and orientation has no business below the picture's
  // own.
  const overlaps = ([from, to]: [number, number], others: readonly [number, number][]) =>
    others.some(([start, end]) => start !== from && start < to && from < end);
  const astray = [...fields.gps, ...fields.interoperability].some(({ tag }) => tag === tags.orientation);
  const crossed = directories.some(
    ([from, to]) => from < 8 || overlaps([from, to], directories) || overlaps([from, to], values),
  );
  if (crossed || astray) out.sound = false;
  return out;
}

function swapped(value: Uint8Array, unit: number): Uint8Array {
  for (let at = 0; unit > 1 && at + unit <= value.length; at += unit) value.subarray(at, at + unit).reverse();
  return value;
}

/** Returns the first number of a field of whole numbers, or undefined for another type. */
function numberOf({ type, value }: ExifField): number | undefined {
  const view = viewOf(value);
  if (type === 1) return view.getUint8(0);
  if (type === 3) return view.getUint16(0, true);
  if (type === 4 || type === 13) return view.getUint32(0, true);
  if (type === 9) return view.getInt32(0, true);
  return undefined;
}

function rationalOf({ type, value }: ExifField): number | undefined {
  if (type !== 5) return undefined;
  const view = viewOf(value);
  return view.getUint32(0, true) / view.getUint32(4, true);
}

/** Reads the entries that can be read, of EXIF or of the first directory of a TIFF file. */
export function readExifFields(exif: Uint8Array): ExifFields {
  return walkExif(exif).fields;
}

/**
 * Tells how the pixels have to be turned, 1 to 8 as EXIF counts them; 1 where it says nothing that makes
 * sense.
 */
export function exifOrientation(exif: Uint8Array): number {
  const field = walkExif(exif).fields.main.find(({ tag }) => tag === tags.orientation);
  const value = field?.count === 1 ? numberOf(field) : undefined;
  return value !== undefined && value >= 1 && value <= 8 ? value : 1;
}

/**
 * Pixels an inch, across and down, as EXIF or the first directory of a TIFF file has them; undefined where it
 * has none.
 */
export function exifDensity(exif: Uint8Array): [number, number] | undefined {
  const { main } = walkExif(exif).fields;
  const find = (tag: number) => main.find((field) => field.tag === tag);
  const across = find(tags.xResolution);
  const x = across && rationalOf(across);
  const down = find(tags.yResolution);
  const y = down ? rationalOf(down) : x;
  const unitField = find(tags.resolutionUnit);
  const unit = unitField ? numberOf(unitField) : 2;
  if (x === undefined || y === undefined || !(x > 0 && y > 0) || (unit !== 2 && unit !== 3)) return undefined;
  return unit === 3 ? [x * 2.54, y * 2.54] : [x, y];
}
