/** The algebra of arrays: maps in double precision, images in single. */
import { SamsrError } from "../base/errors.js";
import type { Algebra } from "./algebra.js";

/**
 * A quantity of the process that is one number for the whole image, or a map [H, W] with one number a pixel.
 * A map broadcasts over everything before its plane: element i of an image [..., H, W] reads map[i mod (H
 * W)].
 */
export type RateField = number | Float32Array | Float64Array;

/**
 * Rates are {@link RateField}s, images Float32Arrays; maps of different sizes are refused by a SamsrError.
 */
export const arrayAlgebra: Algebra<RateField, Float32Array> = {
  add: pixelByPixel((a, b) => a + b),
  sub: pixelByPixel((a, b) => a - b),
  mul: pixelByPixel((a, b) => a * b),
  div: pixelByPixel((a, b) => a / b),
  max: pixelByPixel(Math.max),
  sqrt: (a) => (typeof a === "number" ? Math.sqrt(a) : Float64Array.from(a, Math.sqrt)),
  weightedSum,
};

/** Returns a function of two numbers as one of two fields: a number where both are numbers, else a map. */
function pixelByPixel(f: (a: number, b: number) => number): (a: RateField, b: RateField) => RateField {
  return (a, b) => {
    if (typeof a === "number") return typeof b === "number" ? f(a, b) : Float64Array.from(b, (v) => f(a, v));
    if (typeof b === "number") return Float64Array.from(a, (v) => f(v, b));
    demandOneSize(a.length, b.length);
    return Float64Array.from(a, (v, p) => f(v, b[p]));
  };
}

/**
 * Computes the sum of rate times image over the terms, each plane summed in double precision and rounded
 * once.
 *
 * @returns a new array of the images' shape
 * @throws SamsrError when the images differ in length, or a map is not a plane of them
 */
function weightedSum(...terms: (readonly [rate: RateField, image: Float32Array])[]): Float32Array {
  const length = terms[0][1].length;
  let plane: number | undefined;
  for (const [rate, image] of terms) {
    if (image.length !== length) {
      throw new SamsrError(
        `the images of one diffusion step must have one shape; got ${length} and ${image.length} values`,
      );
    }
    if (typeof rate === "number") continue;
    if (plane !== undefined) demandOneSize(plane, rate.length);
    plane = rate.length;
  }
  plane ??= length;
  if (plane > 0 && length % plane !== 0) {
    throw new SamsrError(
      `a per-pixel map of ${plane} pixels does not fit an image of ${length} values; expected a map [H, W]`,
    );
  }
  const sum = new Float64Array(plane);
  const result = new Float32Array(length);
  for (let start = 0; start < length; start += plane) {
    sum.fill(0);
    for (const [rate, image] of terms) {
      if (typeof rate === "number") {
        if (rate !== 0) for (let p = 0; p < plane; p++) sum[p] += rate * image[start + p];
      } else {
        for (let p = 0; p < plane; p++) sum[p] += rate[p] * image[start + p];
      }
    }
    result.set(sum, start);
  }
  return result;
}

function demandOneSize(a: number, b: number): void {
  if (a !== b) {
    throw new SamsrError(`per-pixel maps of one process must have one size; got ${a} and ${b} pixels`);
  }
}
