/** Decoding of a file's bytes to the pixels of one of its pages, by the decoder of its format. */
import type { Sharp, Metadata as SharpMetadata } from "sharp";
import sharp from "sharp";
import { SamsrError } from "../base/errors.js";
import type { Raster } from "./raster.js";
import { bitDepth, createRaster } from "./raster.js";
import { readRaster } from "./sharp-raster.js";

/**
 * How much damage is let pass: `error` for what is missing or wrong, `warning` for all that is odd, `none`
 * for neither.
 */
export type Strictness = "none" | "error" | "warning";

export interface OpenOptions {
  readonly strictness?: Strictness;
  /** The page, from 0, and how many; the first one when not given. */
  readonly page?: number;
  readonly pages?: number;
  readonly ignoreIcc?: boolean;
  /** Turned as the decoder's own reading of the file has it, for formats whose container says so. */
  readonly autoOrient?: boolean;
}

/** Opens a decoder of these bytes. */
export function openSharp(bytes: Uint8Array, options: OpenOptions = {}): Sharp {
  const { strictness = "error", page, pages, ignoreIcc, autoOrient } = options;
  // Limits are checked from the header, with an error of our own.
  return sharp(bytes, {
    failOn: strictness,
    limitInputPixels: false,
    ...(page !== undefined && { page }),
    ...(pages !== undefined && { pages }),
    ...(ignoreIcc && { ignoreIcc }),
    ...(autoOrient && { autoOrient }),
  });
}

/**
 * Reads the pixels that the decoder gives, upright.
 *
 * @param orientation 1 to 8 as EXIF counts them: how the pixels have to be turned
 * @throws SamsrError for pixels that are neither 8 nor 16 bits of grey or RGB; what the decoder throws
 */
export async function readPixels(
  image: (options: OpenOptions) => Sharp,
  header: SharpMetadata,
  orientation: number,
  name: string,
): Promise<Raster> {
  if (header.depth !== "uchar" && header.depth !== "ushort") {
    throw new SamsrError(`${name} has pixels of type ${header.depth}; samsr reads 8 and 16 bits a channel.`);
  }
  const converted = isConverted(header);
  const grey = header.space === "b-w" || header.space === "grey16";
  const raster = await readRaster(turned(image({ ignoreIcc: !converted }), orientation), {
    grey,
    alpha: header.hasAlpha,
    bits: header.depth === "ushort" && !converted ? 16 : 8,
  });
  if (raster.channels > 4) {
    throw new SamsrError(
      `${name} has ${header.channels ?? raster.channels} channels, of which ${grey ? 1 : 3} are colours; ` +
        "samsr reads grey and RGB, with or without alpha.",
    );
  }
  return header.format === "heif" ? stretched(raster, header.bitsPerSample ?? 8) : raster;
}

/** Tells whether colour was converted: what is neither grey nor RGB comes as sRGB, and its profile goes. */
export function isConverted({ space }: Pick<SharpMetadata, "space">): boolean {
  return space === "cmyk" || space === "lab" || space === "labs";
}

function turned(image: Sharp, orientation: number): Sharp {
  // Mirroring comes first, whatever the order of the calls.
  const angle = { 3: 180, 5: 270, 6: 90, 7: 90, 8: 270 }[orientation];
  const mirrored = orientation === 2 || orientation === 5 || orientation === 7;
  let out = angle === undefined ? image : image.rotate(angle);
  if (mirrored) out = out.flop();
  if (orientation === 4) out = out.flip();
  return out;
}

/** Stretches what the decoder puts into the upper 10 or 12 of 16 bits, so that white is 65535. */
function stretched(raster: Raster, sampleBits: number): Raster {
  if (bitDepth(raster) === 8 || sampleBits >= 16) return raster;
  const { data } = raster;
  const shift = 16 - sampleBits;
  const scale = 65535 / (2 ** sampleBits - 1);
  for (let i = 0; i < data.length; i++) data[i] = (data[i]! >> shift) * scale + 0.5;
  return raster;
}

const whiteD50 = [0.96422, 1, 0.82521] as const;

/**
 * Pixels of CIELab (D50, 8 bits each) as sRGB.
 * @param signed whether a and b are counted from -128 in two's complement (TIFF's CIELab) or from 0 (ICC's)
 */
export function labToRgb(lab: Raster, signed: boolean): Raster {
  const { width, height, channels, data } = lab;
  const out = createRaster(width, height, 3);
  const curve = Uint8Array.from({ length: 4097 }, (_, i) => {
    const light = i / 4096;
    return Math.round(255 * (light <= 0.0031308 ? 12.92 * light : 1.055 * light ** (1 / 2.4) - 0.055));
  });
  const inverse = (t: number) => (t > 6 / 29 ? t ** 3 : (3 * 36 * (t - 4 / 29)) / 841);
  const centred = (value: number) => (signed ? (value << 24) >> 24 : value - 128);
  for (let p = 0, at = 0, to = 0; p < width * height; p++, at += channels, to += 3) {
    const y = ((data[at]! * 100) / 255 + 16) / 116;
    const X = whiteD50[0] * inverse(y + centred(data[at + 1]!) / 500);
    const Y = whiteD50[1] * inverse(y);
    const Z = whiteD50[2] * inverse(y - centred(data[at + 2]!) / 200);
    // XYZ of D50 to linear sRGB (Bradford).
    const linear = [
      3.1338561 * X - 1.6168667 * Y - 0.4906146 * Z,
      -0.9787684 * X + 1.9161415 * Y + 0.033454 * Z,
      0.0719453 * X - 0.2289914 * Y + 1.4052427 * Z,
    ];
    for (let c = 0; c < 3; c++) {
      out.data[to + c] = curve[Math.round(4096 * Math.min(1, Math.max(0, linear[c]!)))]!;
    }
  }
  return out;
}
