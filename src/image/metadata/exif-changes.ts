/**
 * EXIF for pixels that have been turned or resized. What keeps the rules is changed in place, since a maker's
 * note is full of offsets that no rebuilding survives; anything else is written anew from the entries that
 * could be read.
 */
import { latin1, viewOf } from "../containers/bytes.js";
import { type ExifField, exifDensity, readExifFields, tags, walkExif } from "./exif.js";
import { fraction, resolutionFields, writeExif } from "./exif-write.js";

const resolutionTags: readonly number[] = [tags.xResolution, tags.yResolution, tags.resolutionUnit];

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
  const { fields, mainAt, photoAt, nextAt, little, sound } = walkExif(original);
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
  const { fields, mainAt, photoAt, little } = walkExif(original);
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
