/** What a file says beside its pixels, read from its container: only sound, upright and within the limits. */
import type { Metadata as SharpMetadata } from "sharp";
import { readNclx } from "./containers/bmff.js";
import { iptcOfResources, readJpeg } from "./containers/jpeg.js";
import { readPng } from "./containers/png.js";
import { structural } from "./containers/tiff.js";
import { readWebp } from "./containers/webp.js";
import type { InputFormat } from "./formats.js";
import { hdrName } from "./metadata/colour.js";
import { bareExif, exifDensity, exifOrientation, isExif, readExifFields, tags } from "./metadata/exif.js";
import { uprightExif } from "./metadata/exif-changes.js";
import { writeExif } from "./metadata/exif-write.js";
import type { Metadata } from "./metadata/index.js";
import { uprightXmp } from "./metadata/xmp.js";
import { plainBytes } from "./sharp-raster.js";

export interface FileFacts {
  /** What goes into the metadata, but for what only the pixels tell. */
  readonly said: Pick<
    Metadata,
    | "density"
    | "densityDown"
    | "icc"
    | "exif"
    | "xmp"
    | "iptc"
    | "texts"
    | "cicp"
    | "gamma"
    | "chromaticities"
    | "lossless"
  >;
  /** How the decoder's pixels have to be turned, 1 to 8 as EXIF counts them. */
  readonly orientation: number;
  /** The file for the decoder: the same pixels, perhaps without what was read here. */
  readonly bytes: Uint8Array;
  readonly warnings: readonly string[];
  /** Frames of an animated PNG, which the decoder takes for a still picture; 0 for others. */
  readonly pngFrames: number;
}

/** What was found, before it is held against the limits and put right. */
interface FoundFacts {
  exif?: Uint8Array;
  xmp?: Uint8Array;
  icc?: Uint8Array;
  iptc?: Uint8Array;
  density?: readonly [number, number];
  readonly colour?: Pick<Metadata, "cicp" | "gamma" | "chromaticities">;
  readonly texts?: Metadata["texts"];
  lossless: boolean;
  readonly orientation?: number;
  readonly lost: string[];
  readonly bytes?: Uint8Array;
  readonly pngFrames?: number;
}

/** More pixels an inch than this is a mistake, and several formats cannot hold it. */
const highestDensity = 1e6;

/**
 * Reads what a file says beside its pixels: profile, EXIF, XMP, IPTC, texts and density.
 * @param header what the decoder says of the file, where it is asked: of TIFF, AVIF and GIF
 */
export function readFacts(
  format: InputFormat,
  bytes: Uint8Array,
  metadataLimit: number,
  header?: SharpMetadata,
): FileFacts {
  const found = findIn(format, bytes, metadataLimit, header);
  const warnings: string[] = [];
  const lost = [...found.lost];
  let left = metadataLimit;
  const within = (name: string, data: Uint8Array | undefined) => {
    if (data === undefined || data.length === 0) return undefined;
    left -= data.length;
    if (left >= 0) return data;
    left += data.length;
    lost.push(`${name} of ${data.length} bytes, over the limit of ${metadataLimit} bytes of metadata`);
    return undefined;
  };

  const icc = within("the colour profile", found.icc);
  const foundExif = within("EXIF", found.exif);
  const upright = foundExif && uprightExif(foundExif);
  if (upright?.lost) lost.push(upright.lost);
  const foundXmp = within("XMP", found.xmp);
  const xmp = foundXmp && uprightXmp(foundXmp);
  if (foundXmp && xmp === undefined) lost.push("its XMP, which is no XML that can be read");
  const iptc = within("IPTC", found.iptc);

  const density = found.density ?? (foundExif && exifDensity(foundExif));
  const sane = density?.every((value) => value > 0 && value <= highestDensity);
  if (density && !sane) lost.push(`a density of ${Math.round(density[0])} pixels an inch`);
  if (lost.length > 0) warnings.push(`left out: ${lost.join("; ")}`);
  // A profile says all that gAMA and cHRM say; code points come before both.
  const { cicp, ...gamma } = found.colour ?? {};
  const colour = cicp ? { cicp } : icc ? {} : gamma;
  const hdr = hdrName(colour);
  if (hdr)
    warnings.push(`is an HDR picture (${hdr}); the model was taught on ordinary ones, and may show it wrong`);
  const [across, down] = density && sane ? density.map(neat) : [];
  return {
    said: {
      lossless: found.lossless,
      ...(across !== undefined && { density: across }),
      ...(across !== undefined && down !== across && { densityDown: down }),
      ...(icc && { icc: icc.slice() }),
      ...(upright?.exif && { exif: upright.exif }),
      ...(xmp && { xmp: xmp.slice() }),
      ...(iptc && { iptc: iptc.slice() }),
      ...colour,
      ...(found.texts?.length && { texts: found.texts }),
    },
    orientation: found.orientation ?? (foundExif ? exifOrientation(foundExif) : 1),
    bytes: found.bytes ?? bytes,
    warnings,
    pngFrames: found.pngFrames ?? 0,
  };
}

/**
 * Rounds a density that is nearly whole: PNG counts in metres and JPEG in whole numbers, so 300 an inch may
 * come as 299.9994.
 */
function neat(density: number): number {
  const whole = Math.round(density);
  return Math.abs(density - whole) < 0.02 ? whole : density;
}

function findIn(format: InputFormat, bytes: Uint8Array, limit: number, header?: SharpMetadata): FoundFacts {
  switch (format) {
    case "jpeg": {
      const { exif, photoshop, extendedXmp, ...facts } = readJpeg(bytes);
      const bare = exif && bareExif(exif);
      const lost = exif && !bare ? ["its EXIF, of which nothing can be read"] : [];
      if (extendedXmp) lost.push("XMP beyond the first 64 KiB");
      return { ...facts, exif: bare, iptc: photoshop && iptcOfResources(photoshop), lossless: false, lost };
    }
    case "png": {
      const { exif, cicp, gamma, chromaticities, srgb, bare, frames, ...facts } = readPng(bytes, limit);
      const colour = { ...(cicp && { cicp }), ...(!srgb && { gamma, chromaticities }) };
      return {
        ...facts,
        exif: exif && bareExif(exif),
        colour: defined(colour),
        lossless: true,
        bytes: bare,
        pngFrames: frames,
      };
    }
    case "webp": {
      const { exif, ...facts } = readWebp(bytes);
      return { ...facts, exif: exif && bareExif(exif), lost: [] };
    }
    case "tiff":
      return { ...fromDecoder(header), ...fromTiff(bytes), lost: [], orientation: 1 };
    case "heic":
    case "avif": {
      const nclx = readNclx(bytes);
      const colour =
        nclx && !header?.icc ? { cicp: { primaries: nclx.primaries, transfer: nclx.transfer } } : {};
      // The container turns the picture, and decoders do; EXIF's word on it does not count.
      return { ...fromDecoder(header), colour, lossless: nclx?.matrix === 0, lost: [], orientation: 1 };
    }
    case "bmp": {
      const density = header?.density;
      return { ...(density && { density: [density, density] }), lossless: true, lost: [], orientation: 1 };
    }
    default:
      return { ...fromDecoder(header), lossless: format !== "jxl", lost: [], orientation: 1 };
  }
}

function defined<T extends object>(object: T): Partial<T> {
  return Object.fromEntries(Object.entries(object).filter(([, value]) => value !== undefined)) as Partial<T>;
}

function fromDecoder(header: SharpMetadata | undefined): Pick<FoundFacts, "exif" | "xmp" | "icc" | "iptc"> {
  return {
    exif: header?.exif && bareExif(plainBytes(header.exif)),
    xmp: header?.xmp && plainBytes(header.xmp),
    icc: header?.icc && plainBytes(header.icc),
    iptc: header?.iptc && plainBytes(header.iptc),
  };
}

/** Larger entries are no words about the picture but pictures, such as an editor's layers. */
const largestEntry = 65535;

function fromTiff(bytes: Uint8Array): Pick<FoundFacts, "exif" | "density" | "lossless"> {
  if (!isExif(bytes)) return { lossless: true };
  const { main, photo, gps, interoperability } = readExifFields(bytes);
  const compression = main.find(({ tag }) => tag === tags.compression)?.value[0];
  const words = main.filter(({ tag, value }) => !structural.has(tag) && value.length <= largestEntry);
  const kept = photo.filter(({ tag }) => tag !== tags.makerNote);
  const pointers = [tags.photo, tags.gps] as readonly number[];
  const any = words.some(({ tag }) => !pointers.includes(tag)) || kept.length > 0 || gps.length > 0;
  const density = exifDensity(bytes);
  return {
    ...(any && { exif: writeExif({ main: words, photo: kept, gps, interoperability }) }),
    ...(density && { density }),
    // 6 and 7 are JPEG.
    lossless: compression !== 6 && compression !== 7,
  };
}
