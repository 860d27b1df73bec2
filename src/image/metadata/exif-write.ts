/** EXIF written from its entries. */
import { join, viewOf } from "../containers/bytes.js";
import { type ExifField, type ExifFields, tags } from "./exif.js";

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

/** Returns numerator and denominator of a density, to four places. */
export function fraction(value: number): [number, number] {
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
