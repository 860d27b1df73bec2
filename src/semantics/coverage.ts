/**
 * Coverage is all the semantics there is.
 *
 * Noise and weights look at the masks only through c(x, y), the number of masks that cover a pixel: W is c over its
 * maximum (equation 8), and a sum of c independent normals is one normal times sqrt(c) (see noise.ts). So a hundred
 * masks cost no more than one map of small integers, and the masks can be forgotten.
 */
import { SamsrError } from "../base/errors.js";
import { onArrays } from "../diffusion/index.js";
import type { MaskSet } from "./masks.js";

/** c(x, y): how many masks cover each pixel. */
export interface Coverage {
  width: number;
  height: number;
  /** [H, W] */
  counts: Uint16Array;
}

/** Counts the masks over each pixel. For `release`, give it masks that {@link prepareMasks} added a background to. */
export function coverageOf({ width, height, masks }: MaskSet): Coverage {
  const counts = new Uint16Array(width * height);
  for (const mask of masks) {
    if (mask.length !== counts.length) {
      throw new SamsrError(
        `masks must have ${counts.length} pixels (${width} x ${height}); got ${mask.length}`,
      );
    }
    for (let p = 0; p < counts.length; p++) if (mask[p]) counts[p]++;
  }
  return { width, height, counts };
}

/** The coverage after a background mask is added to whatever masks it came from: at least 1 everywhere. */
export function coverBackground({ width, height, counts }: Coverage): Coverage {
  return { width, height, counts: counts.map((count) => Math.max(count, 1)) };
}

/** The coverage of an image without masks: 0 everywhere. */
export function emptyCoverage(width: number, height: number): Coverage {
  return { width, height, counts: new Uint16Array(width * height) };
}

/**
 * W(x, y), equation 8: coverage over the largest coverage, in [0, 1].
 *
 * Where the paper would divide by 0, nothing is covered and W is 0, so that the process falls back to SinSR's. The
 * released code floors the maximum at 1, which is the same thing; there, though, its background mask makes W one
 * everywhere on an image without masks.
 *
 * @returns [H, W]
 */
export function semanticWeight({ counts }: Coverage): Float32Array {
  const largest = maximum(counts);
  return Float32Array.from(counts, (count) => onArrays.semanticWeight(count, largest) as number);
}

/** What a person wants to know of a coverage. */
export interface CoverageSummary {
  /** Share of pixels that at least one mask covers, 0..1. */
  covered: number;
  mean: number;
  maximum: number;
  /** Share of pixels at each count, 0 to the maximum. */
  histogram: number[];
}

/** Facts about a coverage. */
export function summarise({ counts }: Coverage): CoverageSummary {
  const largest = maximum(counts);
  const histogram = new Array<number>(largest + 1).fill(0);
  for (const count of counts) histogram[count]++;
  const pixels = Math.max(counts.length, 1);
  let sum = 0;
  histogram.forEach((number, count) => {
    sum += number * count;
  });
  return {
    covered: 1 - histogram[0] / pixels,
    mean: sum / pixels,
    maximum: largest,
    histogram: histogram.map((number) => number / pixels),
  };
}

/** The largest count; 0 for none. */
export function maximum(counts: Uint16Array): number {
  let largest = 0;
  for (let p = 0; p < counts.length; p++) if (counts[p] > largest) largest = counts[p];
  return largest;
}
