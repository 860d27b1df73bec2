/**
 * Coverage is all the semantics there is.
 *
 * Noise and weights look at the masks only through c(x, y), the number of masks that cover a pixel: W is c
 * over its maximum (equation 8), and a sum of c independent normals is one normal times sqrt(c) (see
 * noise.ts). So a hundred masks cost no more than one map of small integers, and the masks can be forgotten.
 */
import { onArrays, type Variant } from "../diffusion/index.js";
import { checkMaskSet, type MaskSet } from "./masks.js";

/** The coverage c(x, y): how many masks cover each pixel. */
export interface Coverage {
  readonly width: number;
  readonly height: number;
  /** The counts, [height, width]. */
  readonly counts: Uint16Array;
}

/** A part of a picture's coverage, and what noise and W look at of the whole. */
export interface CoveragePart {
  /** The counts of the part, [h, w]. */
  readonly counts: Float32Array;
  /** The largest count of the whole. */
  readonly largest: number;
  /**
   * Means over the whole of the noise's variance before equation 7, which is c in the paper and 1 / max(c, 1)
   * in the released code.
   */
  readonly means: Readonly<Record<Variant, number>>;
}

/** Returns what parts of a coverage keep of the whole; see {@link CoveragePart}. */
export function wholeFacts({ counts }: Coverage): Omit<CoveragePart, "counts"> {
  let [sum, inverses] = [0, 0];
  for (const count of counts) {
    sum += count;
    inverses += 1 / Math.max(count, 1);
  }
  const pixels = counts.length;
  return { largest: largestCount(counts), means: { paper: sum / pixels, release: inverses / pixels } };
}

/**
 * Counts the masks over each pixel.
 * @throws SamsrError for what is no set of masks
 */
export function coverageOf(set: MaskSet): Coverage {
  checkMaskSet(set);
  const { width, height, masks } = set;
  const counts = new Uint16Array(width * height);
  for (const mask of masks) {
    for (let p = 0; p < counts.length; p++) if (mask[p]) counts[p]++;
  }
  return { width, height, counts };
}

/**
 * Returns the coverage after a background mask is added to whatever masks it came from: at least 1
 * everywhere.
 */
export function coverBackground({ width, height, counts }: Coverage): Coverage {
  return { width, height, counts: counts.map((count) => Math.max(count, 1)) };
}

/** Returns the coverage of an image without masks: 0 everywhere. */
export function emptyCoverage(width: number, height: number): Coverage {
  return { width, height, counts: new Uint16Array(width * height) };
}

/**
 * Computes W(x, y), equation 8: coverage over the largest coverage, in [0, 1]; for a part of a picture that
 * is the whole's largest.
 *
 * Where the paper would divide by 0, nothing is covered and W is 0, so that the process falls back to
 * SinSR's. The released code floors the maximum at 1, which is the same thing; there, though, its background
 * mask makes W one everywhere on an image without masks.
 *
 * @returns W [height, width]
 */
export function semanticWeight(coverage: Coverage | CoveragePart): Float32Array {
  const largest = "largest" in coverage ? coverage.largest : largestCount(coverage.counts);
  return Float32Array.from(coverage.counts, (count) => onArrays.semanticWeight(count, largest) as number);
}

/** What a person wants to know of a coverage. */
export interface CoverageSummary {
  /** Share of pixels that at least one mask covers, 0..1. */
  readonly covered: number;
  readonly mean: number;
  readonly maximum: number;
  /** Share of pixels at each count, 0 to the maximum. */
  readonly histogram: readonly number[];
}

/** Sums up a coverage in figures for people. */
export function summarise({ counts }: Coverage): CoverageSummary {
  const largest = largestCount(counts);
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

/** Returns the largest of some counts; 0 where there are none. */
export function largestCount(counts: Uint16Array): number {
  let largest = 0;
  for (let p = 0; p < counts.length; p++) if (counts[p] > largest) largest = counts[p];
  return largest;
}
