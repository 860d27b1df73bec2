import { SamsrError } from "../base/errors.js";

/**
 * A quantity of the process that is one number for the whole image, or a map [H, W] with one number a pixel.
 * A map broadcasts over everything before its plane: element i of an array [..., H, W] reads map[i mod (H W)].
 */
export type Field = number | Float32Array | Float64Array;

/**
 * Applies a function of numbers to fields, pixel by pixel.
 *
 * @returns a number when every field is a number, otherwise a map
 * @throws SamsrError when two maps differ in size
 */
export function mapFields(f: (...values: number[]) => number, ...fields: Field[]): Field {
  const pixels = pixelCount(fields);
  if (pixels === undefined) return f(...(fields as number[]));
  const out = new Float64Array(pixels);
  const values = new Array<number>(fields.length);
  for (let p = 0; p < pixels; p++) {
    for (let i = 0; i < fields.length; i++) {
      const field = fields[i];
      values[i] = typeof field === "number" ? field : field[p];
    }
    out[p] = f(...values);
  }
  return out;
}

/** One term of {@link weightedSum}. */
export interface Term {
  weight: Field;
  /** [..., H, W] */
  values: Float32Array;
}

/**
 * The sum of weight * values over the terms: every step of every process here is one of these.
 *
 * @returns a new array of the terms' shape
 * @throws SamsrError when the arrays differ in length, or a map is not a plane of them
 */
export function weightedSum(...terms: Term[]): Float32Array {
  const length = terms[0].values.length;
  for (const { values } of terms) {
    if (values.length !== length) {
      throw new SamsrError(
        `the images of one diffusion step must have one shape; got ${length} and ${values.length} values`,
      );
    }
  }
  const plane = pixelCount(terms.map(({ weight }) => weight)) ?? length;
  if (plane > 0 && length % plane !== 0) {
    throw new SamsrError(
      `a per-pixel map of ${plane} pixels does not fit an image of ${length} values; expected a map [H, W]`,
    );
  }
  const out = new Float64Array(plane); // one plane in double precision, rounded once
  const result = new Float32Array(length);
  for (let start = 0; start < length; start += plane) {
    out.fill(0);
    for (const { weight, values } of terms) {
      if (typeof weight === "number") {
        if (weight !== 0) for (let p = 0; p < plane; p++) out[p] += weight * values[start + p];
      } else {
        for (let p = 0; p < plane; p++) out[p] += weight[p] * values[start + p];
      }
    }
    result.set(out, start);
  }
  return result;
}

/** The number of pixels of the maps among the fields; undefined when all are numbers. */
function pixelCount(fields: Field[]): number | undefined {
  let pixels: number | undefined;
  for (const field of fields) {
    if (typeof field === "number") continue;
    if (pixels !== undefined && field.length !== pixels) {
      throw new SamsrError(
        `per-pixel maps of one process must have one size; got ${pixels} and ${field.length} pixels`,
      );
    }
    pixels = field.length;
  }
  return pixels;
}
