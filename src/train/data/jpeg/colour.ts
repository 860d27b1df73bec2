/**
 * Between RGB and JPEG's planes: BT.601 at full range (JFIF), in whole numbers of 16 bits after the point, as
 * libjpeg has it.
 */
import type { Raster } from "../../../image/raster.js";

/**
 * A plane with room for whole blocks: rows of `stride`, of which `width` x `height` values are the picture's.
 */
export interface Plane {
  readonly data: Uint8Array;
  readonly width: number;
  readonly height: number;
  /** A multiple of 8, as is the number of rows. */
  readonly stride: number;
  readonly rows: number;
}

/** Values around 128 in Cb and Cr. */
export type YccPlanes = readonly [y: Plane, cb: Plane, cr: Plane];

export function createPlane(width: number, height: number): Plane {
  const [stride, rows] = [8 * Math.ceil(width / 8), 8 * Math.ceil(height / 8)];
  return { data: new Uint8Array(stride * rows), width, height, stride, rows };
}

const fixed = (value: number) => Math.round(value * 65536);
const HALF = 1 << 15;
const [Y_R, Y_G, Y_B] = [0.299, 0.587, 0.114].map(fixed);
const [CB_R, CB_G] = [0.16874, 0.33126].map(fixed);
const [CR_G, CR_B] = [0.41869, 0.08131].map(fixed);
/** The middle level 128, and a half that is just too small to round up what lies on it. */
const MIDDLE = (128 << 16) + HALF - 1;

/**
 * Returns the planes of an 8-bit RGB picture, as large as it is; what is beside the picture is not filled.
 */
export function toYcc({ width, height, data }: Raster): YccPlanes {
  const planes: YccPlanes = [
    createPlane(width, height),
    createPlane(width, height),
    createPlane(width, height),
  ];
  const [{ data: luma, stride }, { data: blue }, { data: red }] = planes;
  for (let y = 0, from = 0; y < height; y++) {
    for (let x = 0, to = y * stride; x < width; x++, to++, from += 3) {
      const r = data[from];
      const g = data[from + 1];
      const b = data[from + 2];
      luma[to] = (Y_R * r + Y_G * g + Y_B * b + HALF) >> 16;
      blue[to] = ((b << 15) - CB_R * r - CB_G * g + MIDDLE) >> 16;
      red[to] = ((r << 15) - CR_G * g - CR_B * b + MIDDLE) >> 16;
    }
  }
  return planes;
}

const [R_CR, G_CR, G_CB, B_CB] = [1.402, 0.71414, 0.34414, 1.772].map(fixed);

/** Returns interleaved RGB of planes of equal size. */
export function fromYcc([
  { data: luma, width, height, stride },
  { data: blue },
  { data: red },
]: YccPlanes): Uint8Array {
  const out = new Uint8ClampedArray(3 * width * height);
  for (let y = 0, to = 0; y < height; y++) {
    for (let x = 0, from = y * stride; x < width; x++, from++, to += 3) {
      const level = luma[from];
      const cb = blue[from] - 128;
      const cr = red[from] - 128;
      out[to] = level + ((R_CR * cr + HALF) >> 16);
      out[to + 1] = level + ((HALF - G_CB * cb - G_CR * cr) >> 16);
      out[to + 2] = level + ((B_CB * cb + HALF) >> 16);
    }
  }
  return new Uint8Array(out.buffer);
}
