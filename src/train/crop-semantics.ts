/** What algorithm 1 asks of the masks of a batch: SAM-noise, and W. */
import type { Variant } from "../diffusion/index.js";
import { fromTensor } from "../image/raster.js";
import type { CoverageNetworkConfig } from "../networks/index.js";
import type { StateDict } from "../nn/index.js";
import type { SessionOptions } from "../runtime/index.js";
import { createCoveragePredictor } from "../semantics/coverage-network.js";
import {
  type Coverage,
  coverBackground,
  createNoise,
  segmentRegions,
  semanticWeight,
} from "../semantics/index.js";
import type { BatchShape } from "./batch-shape.js";
import type { CropCoverage } from "./data/photo-coverage.js";

/** The coverage network, to find masks or to judge what is predicted. */
export interface CoverageWeights {
  readonly weights: StateDict;
  readonly config: CoverageNetworkConfig;
}

export interface SemanticsOptions {
  /** Of the latent. */
  readonly channels: number;
  /** What finds masks; `none` leaves W = 0 and plain noise, as SinSR has them. */
  readonly masks: "regions" | "network" | "none";
  readonly variant: Variant;
  /** For `network`. */
  readonly coverage?: CoverageWeights;
  readonly session?: SessionOptions;
}

export interface CropSemantics {
  /**
   * Noise [N, C, S, S] and W [N, S, S] of low-resolution crops [N, 3, S, S] in [-1, 1].
   * @param seed of the first crop; the next one has the next
   * @param parts of the photos' coverage, one for each crop; left out, masks are found in the crops
   */
  of(
    lq: Float32Array,
    seed: number,
    parts?: readonly CropCoverage[],
  ): Promise<{ noise: Float32Array; weight: Float32Array }>;
  release(): Promise<void>;
}

export function createCropSemantics(
  { batch, side }: BatchShape,
  { channels, masks, variant, coverage, session }: SemanticsOptions,
): CropSemantics {
  if (masks === "network" && !coverage) throw new Error("crop semantics: masks by network need its weights");
  const predictor =
    masks === "network" ? createCoveragePredictor(coverage!.weights, coverage!.config, session) : undefined;
  const plane = side * side;
  const size = { width: side, height: side };

  const coverageOf = async (lq: Float32Array): Promise<Coverage | undefined> => {
    if (masks === "none") return undefined;
    const found = predictor
      ? await predictor.coverage(fromTensor(lq, { ...size, channels: 3 }))
      : segmentRegions({ ...size, data: lq.map((v) => (v + 1) / 2) }).coverage;
    return variant === "release" ? coverBackground(found) : found;
  };

  return {
    async of(lq, seed, parts) {
      const noise = new Float32Array(batch * channels * plane);
      const weight = new Float32Array(batch * plane);
      for (let n = 0; n < batch; n++) {
        if (parts) {
          const made = createNoise({ seed: seed + n, ...size, channels, keep: false });
          const place = noise.subarray(n * channels * plane, (n + 1) * channels * plane);
          tilt(made.fill(0, 0, side, side, place), parts[n], variant);
          weight.set(weightOf(parts[n], variant), n * plane);
          continue;
        }
        const coverage = await coverageOf(lq.subarray(n * 3 * plane, (n + 1) * 3 * plane));
        if (coverage) weight.set(semanticWeight(coverage), n * plane);
        // Plain noise is not standardised, so there is nothing to keep from a first pass.
        const keep = coverage !== undefined;
        const made = createNoise({ seed: seed + n, ...size, channels, coverage, variant, keep });
        const place = noise.subarray(n * channels * plane, (n + 1) * channels * plane);
        made.fill(0, 0, side, side, place);
      }
      return { noise, weight };
    },
    release: async () => predictor?.release(),
  };
}

/**
 * Makes plain noise [C, S, S] the SAM-noise of a part of a photo, in place: sqrt(c) N(0, 1), or N(0, 1) / sqrt(max(c, 1)) as
 * the released code has it, over its deviation in the whole photo (equation 7; the mean is 0 but for chance).
 */
function tilt(
  noise: Float32Array,
  { counts, most, mean, meanInverse }: CropCoverage,
  variant: Variant,
): void {
  // A photo that no mask covers gets plain noise.
  if (most === 0) return;
  const factors =
    variant === "paper"
      ? counts.map((count) => Math.sqrt(count / mean))
      : counts.map((count) => 1 / Math.sqrt(Math.max(count, 1) * meanInverse));
  for (let i = 0; i < noise.length; i++) noise[i] *= factors[i % factors.length];
}

/** W of equation 8, the maximum being the photo's. */
function weightOf({ counts, most }: CropCoverage, variant: Variant): Float32Array {
  const background = variant === "release" ? 1 : 0;
  const largest = Math.max(most, 1);
  return counts.map((count) => Math.max(count, background) / largest);
}
