/**
 * EXIF: a small TIFF file (JEITA CP-3451) of directories of 12-byte entries. Files out of phones, editors and
 * fuzzers break its rules, so reading never trusts a number: an entry counts only when all of it lies inside.
 * What keeps the rules is changed in place, since a maker's note is full of offsets that no rebuilding
 * survives; anything else is written anew from the entries that could be read.
 */
import { join, latin1, spells, viewOf } from "../containers/bytes.js";

/** One entry of a directory; its value in little-endian byte order. */
export interface ExifField {
  readonly tag: number;
  readonly type: number;
  readonly count: number;
  readonly value: Uint8Array;
}

/** The directories that are kept: of the picture, of how it was taken, of where, and of compatibility. */
interface ExifFields {
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

interface Walk {
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

function walk(exif: Uint8Array): Walk {
  const view = viewOf(exif);
  const little = spells(exif, "II");
  const fields: ExifFields = { main: [], photo: [], gps: [], interoperability: [] };
  const out: Walk = { fields, mainAt: new Map(), photoAt: new Map(), nextAt: [], little, sound: true };
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
  return walk(exif).fields;
}

/**
 * Tells how the pixels have to be turned, 1 to 8 as EXIF counts them; 1 where it says nothing that makes
 * sense.
 */
export function exifOrientation(exif: Uint8Array): number {
  const field = walk(exif).fields.main.find(({ tag }) => tag === tags.orientation);
  const value = field?.count === 1 ? numberOf(field) : undefined;
  return value !== undefined && value >= 1 && value <= 8 ? value : 1;
}

/**
 * Pixels an inch, across and down, as EXIF or the first directory of a TIFF file has them; undefined where it
 * has none.
 */
export function exifDensity(exif: Uint8Array): [number, number] | undefined {
  const { main } = walk(exif).fields;
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

interface UprightExif {
  /** EXIF with orientation 1; left out when nothing of it could be read. */
  exif?: Uint8Array;
  /** What was lost, as the end of a sentence. */
  readonly lost?: string;
}

/**
 * Returns EXIF for pixels that are upright: orientation 1 and no thumbnail of the old picture. Where the EXIF
 * keeps the rules all else stays at its place; where not, it is written anew from what could be read, without
 * the maker's note.
 */
export function uprightExif(original: Uint8Array): UprightExif {
  const { fields, mainAt, photoAt, nextAt, little, sound } = walk(original);
  const note = fields.photo.find(({ tag }) => tag === tags.makerNote);
  const thumbnailInNote = note !== undefined && latin1(note.value).includes("\xff\xd8\xff");
  if (sound && !thumbnailInNote) {
    const exif = new Uint8Array(original);
    for (const places of [mainAt, photoAt]) {
      const at = places.get(tags.orientation);
      if (at !== undefined) writeShort(exif, at, tags.orientation, 1, little);
    }
    for (const at of nextAt) viewOf(exif).setUint32(at, 0, little);
    if (!mainAt.has(tags.subDirectories)) return { exif };
  }
  const kept = (field: ExifField) =>
    field.tag !== tags.orientation && field.tag !== tags.makerNote && field.tag !== tags.subDirectories;
  const exif = writeExif({
    main: fields.main.filter(kept),
    photo: fields.photo.filter(kept),
    gps: fields.gps.filter(kept),
    interoperability: fields.interoperability.filter(kept),
  });
  if (thumbnailInNote && sound) return { exif, lost: "the maker's note, which holds an old thumbnail" };
  if (sound) return note ? { exif, lost: "the maker's note" } : { exif };
  const count = fields.main.length + fields.photo.length + fields.gps.length;
  return count === 0
    ? { lost: "its EXIF, of which nothing can be read" }
    : { exif, lost: "what could not be read of its damaged EXIF" };
}

function writeShort(exif: Uint8Array, at: number, tag: number, value: number, little: boolean): void {
  const view = viewOf(exif);
  view.setUint16(at, tag, little);
  view.setUint16(at + 2, 3, little);
  view.setUint32(at + 4, 1, little);
  view.setUint32(at + 8, 0, little);
  view.setUint16(at + 8, value, little);
}

/**
 * Returns EXIF for pixels of another size: the sizes that it tells are put right, and with a density its
 * resolution too.
 *
 * @param density pixels an inch, across and down; what the EXIF says stays where it is undefined
 */
export function resizedExif(
  original: Uint8Array,
  size: { width: number; height: number },
  density?: readonly [number, number],
): Uint8Array {
  const { fields, mainAt, photoAt, little } = walk(original);
  const exif = new Uint8Array(original);
  const view = viewOf(exif);
  const long = (at: number | undefined, value: number) => {
    if (at === undefined) return;
    view.setUint16(at + 2, 4, little);
    view.setUint32(at + 4, 1, little);
    view.setUint32(at + 8, value, little);
  };
  long(mainAt.get(tags.imageWidth), size.width);
  long(mainAt.get(tags.imageLength), size.height);
  long(photoAt.get(tags.pixelXDimension), size.width);
  long(photoAt.get(tags.pixelYDimension), size.height);
  if (density === undefined) return exif;
  const said = exifDensity(exif);
  if (said && Math.abs(said[0] - density[0]) < 0.01 && Math.abs(said[1] - density[1]) < 0.01) return exif;
  const main = [
    ...fields.main.filter(({ tag }) => !resolutionTags.includes(tag)),
    ...resolutionFields(density),
  ];
  // Rationals need room of their own, which in-place changes cannot make; a maker's note then is worth more.
  const hasNote = fields.photo.some(({ tag }) => tag === tags.makerNote);
  if (!hasNote) return writeExif({ ...readExifFields(exif), main });
  for (const [tag, value] of [
    [tags.xResolution, density[0]] as const,
    [tags.yResolution, density[1]] as const,
  ]) {
    const at = mainAt.get(tag);
    if (at === undefined || view.getUint16(at + 2, little) !== 5) continue;
    const [numerator, denominator] = fraction(value);
    const place = view.getUint32(at + 8, little);
    view.setUint32(place, numerator, little);
    view.setUint32(place + 4, denominator, little);
  }
  const unit = mainAt.get(tags.resolutionUnit);
  if (unit !== undefined) writeShort(exif, unit, tags.resolutionUnit, 2, little);
  return exif;
}

const resolutionTags: readonly number[] = [tags.xResolution, tags.yResolution, tags.resolutionUnit];

/** Returns the three entries that tell the pixels an inch. */
export function resolutionFields(density: readonly [number, number]): ExifField[] {
  const rational = (tag: number, value: number): ExifField => {
    const bytes = new Uint8Array(8);
    const [numerator, denominator] = fraction(value);
    viewOf(bytes).setUint32(0, numerator, true);
    viewOf(bytes).setUint32(4, denominator, true);
    return { tag, type: 5, count: 1, value: bytes };
  };
  return [
    rational(tags.xResolution, density[0]),
    rational(tags.yResolution, density[1]),
    { tag: tags.resolutionUnit, type: 3, count: 1, value: Uint8Array.of(2, 0) },
  ];
}

function fraction(value: number): [number, number] {
  const denominator = Number.isInteger(value) ? 1 : value < 4e5 ? 10000 : 1;
  return [Math.round(value * denominator), denominator];
}

/** The pointers to other directories, which writing makes anew. */
const pointers: readonly number[] = [tags.photo, tags.gps, tags.interoperability];

/** Writes EXIF of these entries, little-endian, its directories one behind the other. */
export function writeExif(fields: ExifFields): Uint8Array {
  const { bytes } = writeDirectories(fields, 8);
  return join(Uint8Array.of(0x49, 0x49, 42, 0, 8, 0, 0, 0), bytes);
}

/**
 * Writes the directories of these entries as they stand in a little-endian file.
 * @param offset where in the file the bytes will begin
 * @returns the bytes, and where in them the offset of a directory behind the first stands
 */
export function writeDirectories(fields: ExifFields, offset: number): { bytes: Uint8Array; nextAt: number } {
  const parts: Uint8Array[] = [];
  let at = offset;
  const lengthOf = (list: readonly ExifField[]) =>
    6 +
    12 * list.length +
    list.reduce((sum, { value }) => sum + (value.length > 4 ? even(value.length) : 0), 0);
  const plain = (list: readonly ExifField[]) => list.filter(({ tag }) => !pointers.includes(tag));
  const main = plain(fields.main);
  const photo = plain(fields.photo);
  const gps = plain(fields.gps);
  const interoperability = plain(fields.interoperability);
  const place = (count: number) => ({ tag: count, type: 4, count: 1, value: new Uint8Array(4) });
  const withPhoto = photo.length > 0 || interoperability.length > 0;
  const mainLinks = [...(withPhoto ? [tags.photo] : []), ...(gps.length > 0 ? [tags.gps] : [])];
  const photoLinks = interoperability.length > 0 ? [tags.interoperability] : [];
  const mainAll = [...main, ...mainLinks.map(place)];
  const photoAll = [...photo, ...photoLinks.map(place)];
  const photoAt = offset + lengthOf(mainAll);
  const gpsAt = photoAt + (withPhoto ? lengthOf(photoAll) : 0);
  const interoperabilityAt = gpsAt + (gps.length > 0 ? lengthOf(gps) : 0);
  const targets = new Map<number, number>([
    [tags.photo, photoAt],
    [tags.gps, gpsAt],
    [tags.interoperability, interoperabilityAt],
  ]);
  const write = (list: readonly ExifField[]) => {
    const bytes = directoryBytes(list, at, targets);
    parts.push(bytes);
    at += bytes.length;
  };
  write(mainAll);
  if (withPhoto) write(photoAll);
  if (gps.length > 0) write(gps);
  if (interoperability.length > 0) write(interoperability);
  return { bytes: join(...parts), nextAt: 2 + 12 * mainAll.length };
}

const even = (length: number) => length + (length & 1);

function directoryBytes(
  list: readonly ExifField[],
  offset: number,
  targets: ReadonlyMap<number, number>,
): Uint8Array {
  const sorted = [...list].sort((a, b) => a.tag - b.tag);
  const outside: Uint8Array[] = [];
  const head = new Uint8Array(6 + 12 * sorted.length);
  const view = viewOf(head);
  view.setUint16(0, sorted.length, true);
  let place = offset + head.length;
  for (const [i, field] of sorted.entries()) {
    const at = 2 + 12 * i;
    view.setUint16(at, field.tag, true);
    view.setUint16(at + 2, field.type, true);
    view.setUint32(at + 4, field.count, true);
    const target = targets.get(field.tag);
    if (target !== undefined) view.setUint32(at + 8, target, true);
    else if (field.value.length <= 4) head.set(field.value, at + 8);
    else {
      view.setUint32(at + 8, place, true);
      const padded = new Uint8Array(even(field.value.length));
      padded.set(field.value);
      outside.push(padded);
      place += padded.length;
    }
  }
  return join(head, ...outside);
}
