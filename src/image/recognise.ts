/** What a file is, by its first bytes; its ending is never believed. */
import { checkArgument } from "../base/arguments.js";
import { latin1, spells, viewOf } from "./containers/bytes.js";
import { isRawPhoto, isTiff } from "./containers/tiff.js";
import { isWebp } from "./containers/webp.js";
import type { InputFormat } from "./formats.js";

/** What a file turned out to be. */
export interface FileKind {
  /** Left out for a picture that samsr does not read. */
  readonly format?: InputFormat;
  /** What people call it, such as "a Photoshop document". */
  readonly name: string;
  /** What makes a picture of it that samsr reads. */
  readonly advice?: string;
}

const read = (format: InputFormat, name: string): FileKind => ({ format, name });
const foreign = (name: string, advice: string): FileKind => ({ name, advice });

const anyConverter = "ImageMagick (magick FILE out.png) converts it";
const photoEditor = "GIMP or ImageMagick (magick 'FILE[0]' out.png) converts it";
const rawConverter = "darktable, RawTherapee or dcraw -T develops it to TIFF";
const raw = foreign("a raw photo", rawConverter);

const beginnings: readonly (readonly [string, FileKind])[] = [
  ["\xff\xd8\xff", read("jpeg", "a JPEG")],
  ["\x89PNG\r\n\x1a\n", read("png", "a PNG")],
  ["GIF87a", read("gif", "a GIF")],
  ["GIF89a", read("gif", "a GIF")],
  ["\xff\x0a", read("jxl", "a JPEG XL picture")],
  ["\0\0\0\x0cJXL \r\n\x87\n", read("jxl", "a JPEG XL picture")],
  ["\0\0\0\x0cjP  \r\n\x87\n", foreign("a JPEG 2000 picture", anyConverter)],
  ["\xff\x4f\xff\x51", foreign("a JPEG 2000 picture", anyConverter)],
  ["8BPS", foreign("a Photoshop document", photoEditor)],
  ["gimp xcf ", foreign("a GIMP document", "GIMP exports it to PNG")],
  ["FUJIFILMCCD-RAW", raw],
  ["IIU\0", raw],
  ["IIRO", raw],
  ["IIRS", raw],
  ["MMOR", raw],
  ["II\xbc", foreign("a JPEG XR picture", "JxrDecApp converts it")],
  ["\x76\x2f\x31\x01", foreign("an OpenEXR picture", anyConverter)],
  ["#?RADIANCE", foreign("a Radiance picture", anyConverter)],
  ["qoif", foreign("a QOI picture", anyConverter)],
  ["DDS ", foreign("a DDS texture", anyConverter)],
  ["\0\0\x01\0", foreign("an icon", anyConverter)],
  ["%PDF-", foreign("a PDF", "pdftoppm -png makes pictures of it")],
  ["%!PS", foreign("a PostScript drawing", "Ghostscript makes a picture of it")],
];

/** Recognises what a file is, by its first bytes (4 KiB are enough); undefined for what is no picture. */
export function recognise(bytes: Uint8Array): FileKind | undefined {
  checkArgument("the beginning of a file", bytes, bytes instanceof Uint8Array, "a Uint8Array");
  for (const [beginning, kind] of beginnings) if (spells(bytes, beginning)) return kind;
  if (isWebp(bytes)) return read("webp", "a WebP");
  if (isTiff(bytes)) return isRawPhoto(bytes) ? raw : read("tiff", "a TIFF");
  const head = latin1(bytes.subarray(0, 1024));
  if (isBmp(bytes)) return read("bmp", "a BMP");
  if (/^P[1-7][\s#]/.test(head)) return foreign("a PNM picture", anyConverter);
  if (spells(bytes, "ftyp", 4)) return brandOf(head.slice(8, 64));
  if (/^(\xef\xbb\xbf)?\s*<(svg|\?xml[\s\S]*<svg|!DOCTYPE\s+svg|!--[\s\S]*<svg)/i.test(head)) {
    return foreign("an SVG drawing", "Inkscape or rsvg-convert makes a picture of it");
  }
  return undefined;
}

/**
 * Tells whether bytes begin as BMP; two letters are little to go by, so the length of the second header has
 * to be one that there is.
 */
function isBmp(bytes: Uint8Array): boolean {
  const lengths = [12, 40, 52, 56, 64, 108, 124];
  return spells(bytes, "BM") && bytes.length >= 26 && lengths.includes(viewOf(bytes).getUint32(14, true));
}

function brandOf(brands: string): FileKind | undefined {
  if (/avi[fs]/.test(brands)) return read("avif", "an AVIF");
  if (/hei[cxms]|hev[cxms]|mif1|msf1/.test(brands)) return read("heic", "a HEIC picture");
  return /crx /.test(brands) ? raw : undefined;
}

/** Kinds that only an ending can tell, having no beginning of their own. */
const endings: Record<string, FileKind> = { tga: foreign("a Targa picture", anyConverter) };

/** Returns what a file of such a name means to be, where its content has no beginning to tell it by. */
export function kindByName(path: string): FileKind | undefined {
  return endings[/\.([a-z]+)$/i.exec(path)?.[1]?.toLowerCase() ?? ""];
}
