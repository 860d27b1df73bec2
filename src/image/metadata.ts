/**
 * What a picture file says beside its pixels, and the few places in it that change when the pixels are
 * turned upright: the orientation in EXIF and XMP, and the thumbnail that still lies on its side. EXIF is a
 * small TIFF file (JEITA CP-3451): a byte order, then directories of 12-byte entries.
 */

export type InputFormat = "jpeg" | "png" | "webp" | "avif" | "tiff" | "gif";

export interface Metadata {
  /** The format of the file that was read. */
  format: InputFormat;
  /** Bits of a channel in the decoded raster. */
  bitDepth: 8 | 16;
  greyscale: boolean;
  hasAlpha: boolean;
  /** Pages or frames in the file; the first is the one that is read. */
  pageCount: number;
  /** Pixels an inch. */
  density?: number;
  /** The colour profile that the pixels are in, as found. None means sRGB (or its grey). */
  icc?: Uint8Array;
  /** EXIF from its byte-order mark on, without the `Exif\0\0` that JPEG puts before it. */
  exif?: Uint8Array;
  xmp?: Uint8Array;
  /** The Photoshop block of a JPEG that holds IPTC, or the bare IPTC of a TIFF. */
  iptc?: Uint8Array;
}

const orientationTag = 0x0112;
const xResolutionTag = 0x011a;
const resolutionUnitTag = 0x0128;
const centimetres = 3;

/** EXIF without the prefix of JPEG, or undefined where the bytes are not EXIF. */
export function bareExif(bytes: Uint8Array): Uint8Array | undefined {
  const bare = latin1(bytes.subarray(0, 6)) === "Exif\0\0" ? bytes.slice(6) : bytes.slice();
  return littleEndian(bare) === undefined ? undefined : bare;
}

/** A copy of the EXIF that says the pixels are upright. A thumbnail turned with the old pixels is left out. */
export function uprightExif(exif: Uint8Array): Uint8Array {
  const out = exif.slice();
  const directory = firstDirectory(out);
  const entry = directory?.entries.get(orientationTag);
  if (directory === undefined || entry === undefined) return out;
  const { view, little } = directory;
  if (view.getUint16(entry + 8, little) === 1) return out;
  view.setUint16(entry + 8, 1, little);
  if (directory.end + 4 <= out.length) view.setUint32(directory.end, 0, little);
  return out;
}

/** A copy of the XMP packet that says the pixels are upright. */
export function uprightXmp(xmp: Uint8Array): Uint8Array {
  const out = xmp.slice();
  for (const match of latin1(xmp).matchAll(/tiff:Orientation(?:\s*=\s*["']|>\s*)([2-8])/g)) {
    out[match.index + match[0].length - 1] = 0x31;
  }
  return out;
}

/** Pixels an inch as the EXIF has it: WebP and AVIF say it nowhere else. */
export function exifDensity(exif: Uint8Array): number | undefined {
  const directory = firstDirectory(exif);
  const entry = directory?.entries.get(xResolutionTag);
  if (directory === undefined || entry === undefined) return undefined;
  const { view, little, entries } = directory;
  const at = view.getUint32(entry + 8, little);
  if (at + 8 > exif.length) return undefined;
  const resolution = view.getUint32(at, little) / view.getUint32(at + 4, little);
  if (!(resolution > 0 && resolution < 1e6)) return undefined;
  const unit = entries.get(resolutionUnitTag);
  const perCentimetre = unit !== undefined && view.getUint16(unit + 8, little) === centimetres;
  return perCentimetre ? resolution * 2.54 : resolution;
}

/** Whether a colour profile is made for pixels of this kind: `RGB ` or `GRAY` in its header (ICC.1, 7.2.6). */
export function profileFits(icc: Uint8Array, greyscale: boolean): boolean {
  return latin1(icc.subarray(16, 20)) === (greyscale ? "GRAY" : "RGB ");
}

interface Directory {
  view: DataView;
  little: boolean;
  /** Where each tag's entry begins. */
  entries: Map<number, number>;
  /** Where the offset of the next directory stands. */
  end: number;
}

function firstDirectory(exif: Uint8Array): Directory | undefined {
  const little = littleEndian(exif);
  if (little === undefined) return undefined;
  const view = new DataView(exif.buffer, exif.byteOffset, exif.byteLength);
  const start = view.getUint32(4, little);
  if (start + 2 > exif.length) return undefined;
  const end = start + 2 + 12 * view.getUint16(start, little);
  if (end > exif.length) return undefined;
  const entries = new Map<number, number>();
  for (let at = start + 2; at < end; at += 12) entries.set(view.getUint16(at, little), at);
  return { view, little, entries, end };
}

function littleEndian(exif: Uint8Array): boolean | undefined {
  if (exif.length < 8) return undefined;
  const mark = latin1(exif.subarray(0, 4));
  return mark === "II*\0" ? true : mark === "MM\0*" ? false : undefined;
}

export function latin1(bytes: Uint8Array): string {
  let out = "";
  for (let i = 0; i < bytes.length; i += 4096) out += String.fromCharCode(...bytes.subarray(i, i + 4096));
  return out;
}
