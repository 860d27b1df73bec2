/** What of a picture's metadata a result of another size and format carries, and what it has no place for. */

import { exceedsJpeg } from "./containers/jpeg.js";
import { structural } from "./containers/tiff.js";
import type { OutputFormat } from "./formats.js";
import { hdrName, profileFits, profileOf } from "./metadata/colour.js";
import type { ExifField } from "./metadata/exif.js";
import { readExifFields, tags } from "./metadata/exif.js";
import { resizedExif } from "./metadata/exif-changes.js";
import { resolutionFields, writeExif } from "./metadata/exif-write.js";
import type { Metadata, PngText } from "./metadata/index.js";
import { resizedXmp, xmpWithTexts } from "./metadata/xmp.js";

export interface Carried {
  /** Pixels an inch, across and down. */
  density?: [number, number];
  exif?: Uint8Array;
  /** The fields of EXIF for a TIFF, whose directories are its EXIF. */
  exifFields?: { main: ExifField[]; photo: ExifField[]; gps: ExifField[]; interoperability: ExifField[] };
  xmp?: Uint8Array;
  icc?: Uint8Array;
  iptc?: Uint8Array;
  cicp?: { readonly primaries: number; readonly transfer: number };
  gamma?: number;
  chromaticities?: readonly number[];
  texts?: readonly PngText[];
  /** What has no place in the format. */
  readonly lost: string[];
}

/** Formats that tell the density themselves; WebP and AVIF leave that to EXIF. */
const ownDensity: readonly OutputFormat[] = ["png", "jpeg", "tiff"];

/** The finest densities that a format's numbers hold, in pixels an inch. */
const finestDensity: Partial<Record<OutputFormat, number>> = { jpeg: 65535 * 2.54 };

/**
 * Fits a picture's metadata to its result: the size that it tells, what its format holds, and its profile.
 * @param size of the result, and whether it is grey
 * @param density pixels an inch to write instead of those of the metadata
 */
export function carry(
  metadata: Partial<Metadata>,
  size: { width: number; height: number; greyscale: boolean },
  format: OutputFormat,
  density: number | undefined = undefined,
): Carried {
  const out: Carried = { lost: [] };
  if (format === "gif") return gifCarries(metadata);
  const told = density ?? metadata.density;
  if (told !== undefined) {
    const down = density ?? metadata.densityDown ?? told;
    if (Math.max(told, down) <= (finestDensity[format] ?? Number.POSITIVE_INFINITY))
      out.density = [told, down];
    else out.lost.push(`a density of ${Math.round(told)} pixels an inch`);
  }
  carryColour(out, metadata, size.greyscale, format);
  carryExif(out, metadata, size, format, density !== undefined);
  carryXmp(out, metadata, size, format);
  if (metadata.iptc) {
    if (format === "jpeg" || format === "tiff") out.iptc = metadata.iptc;
    else out.lost.push("IPTC");
  }
  if (format === "jpeg") {
    for (const name of exceedsJpeg(out)) {
      delete out[{ EXIF: "exif", XMP: "xmp", IPTC: "iptc" }[name] as "exif"];
      out.lost.push(`${name} of more than 64 KiB`);
    }
  }
  return out;
}

function gifCarries(metadata: Partial<Metadata>): Carried {
  const { icc, exif, xmp, iptc, texts, density } = metadata;
  const named = {
    "the colour profile": icc ?? profileOf(metadata, false),
    EXIF: exif,
    XMP: xmp,
    IPTC: iptc,
    "its texts": texts,
    "its density": density,
  };
  const lost = Object.entries(named).filter(([, value]) => value !== undefined);
  return { lost: lost.map(([name]) => name) };
}

function carryColour(
  out: Carried,
  metadata: Partial<Metadata>,
  greyscale: boolean,
  format: OutputFormat,
): void {
  // WebP and AVIF have no grey: the file holds RGB, which a grey profile does not describe. AVIF's encoder is
  // handed grey, though, and takes no profile for RGB with it.
  const grey = greyscale && format !== "webp" && format !== "avif";
  const { icc, cicp, gamma, chromaticities } = metadata;
  if (icc) {
    if (profileFits(icc, grey) && !(greyscale && format === "avif")) out.icc = icc;
    else out.lost.push(`a colour profile that is not made for ${grey ? "grey" : "RGB"}`);
  }
  if (cicp && !isPlain(cicp) && (format === "png" || format === "avif")) out.cicp = cicp;
  if (icc) return;
  if (format === "png" && gamma !== undefined) out.gamma = gamma;
  if (format === "png" && chromaticities) out.chromaticities = chromaticities;
  const needsProfile = format !== "avif" && !(format === "png" && (!cicp || hdrName({ cicp })));
  const profile = needsProfile ? profileOf(metadata, grey) : undefined;
  if (profile) out.icc = profile;
  const hdr = hdrName(metadata);
  if (hdr && format !== "png" && format !== "avif") {
    out.lost.push(`what makes it an HDR picture (${hdr}; PNG and AVIF have a place for that)`);
  }
}

/** Tells whether the colours are sRGB, by name or because nothing is said. */
function isPlain({
  primaries,
  transfer,
}: {
  readonly primaries: number;
  readonly transfer: number;
}): boolean {
  return (primaries === 1 || primaries === 2) && (transfer === 13 || transfer === 2);
}

function carryExif(
  out: Carried,
  metadata: Partial<Metadata>,
  size: { width: number; height: number },
  format: OutputFormat,
  densityAsked: boolean,
): void {
  const inExif = out.density && (densityAsked || !ownDensity.includes(format)) ? out.density : undefined;
  if (metadata.exif) {
    const exif = resizedExif(metadata.exif, size, inExif);
    if (format !== "tiff") out.exif = exif;
    else {
      const fields = readExifFields(exif);
      const note = fields.photo.some(({ tag }) => tag === tags.makerNote);
      if (note) out.lost.push("the maker's note of its EXIF");
      out.exifFields = {
        ...fields,
        main: fields.main.filter(({ tag }) => !structural.has(tag)),
        photo: fields.photo.filter(({ tag }) => tag !== tags.makerNote),
      };
    }
  } else if (inExif && !ownDensity.includes(format)) {
    const main = resolutionFields(inExif);
    out.exif = writeExif({ main, photo: [], gps: [], interoperability: [] });
  }
}

function carryXmp(
  out: Carried,
  metadata: Partial<Metadata>,
  size: { width: number; height: number },
  format: OutputFormat,
): void {
  const { texts = [] } = metadata;
  const xmp = metadata.xmp && resizedXmp(metadata.xmp, size);
  if (metadata.xmp && !xmp) out.lost.push("XMP that is no XML");
  if (xmp) out.xmp = xmp;
  if (texts.length === 0) return;
  if (format === "png") {
    out.texts = texts;
    return;
  }
  const together = xmpWithTexts(xmp, texts);
  if (together && !(format === "jpeg" && exceedsJpeg({ xmp: together }).length > 0)) out.xmp = together;
  else out.lost.push(`the texts ${texts.map(({ keyword }) => keyword).join(", ")}`);
}
