/** The parameters of automatic masks, under the names and with the defaults of the public generator. */
import { SamsrError } from "../../base/errors.js";

export interface SamOptions {
  /** Points along a side of the grid that is laid over the whole image; default 32. */
  readonly pointsPerSide?: number;
  /** Points that the decoder takes at once; default 64. Changes memory and time, not the masks. */
  readonly pointsPerBatch?: number;
  /**
   * Masks are kept whose quality, as the network predicts it, is above this; not looked at when 0 or less;
   * default 0.88.
   */
  readonly predIouThresh?: number;
  /** Masks are kept whose stability score is at least this; not looked at when 0 or less; default 0.95. */
  readonly stabilityScoreThresh?: number;
  /** The stability score moves the threshold of the logits up and down by this; default 1. */
  readonly stabilityScoreOffset?: number;
  /**
   * The IoU of boxes above which, of two masks of one crop, the one with the better predicted IoU stays;
   * default 0.7.
   */
  readonly boxNmsThresh?: number;
  /** Layers of crops beside the whole image: layer n has 4^n crops; default 0. */
  readonly cropNLayers?: number;
  /** The IoU of `boxNmsThresh`, but between crops: the mask of the smaller crop stays; default 0.7. */
  readonly cropNmsThresh?: number;
  /** How far the crops of the first layer overlap, as a share of the shorter side; default 512 / 1500. */
  readonly cropOverlapRatio?: number;
  /** The factor whose power n the grid of layer n has fewer points along a side by; default 1. */
  readonly cropNPointsDownscaleFactor?: number;
  /** Holes and islands of fewer pixels are removed from the masks; default 0: none. */
  readonly minMaskRegionArea?: number;
  /** Skip points where coarser ones have found all there is (adaptive.ts); default false: the public grid. */
  readonly adaptive?: boolean;
}

export type ResolvedSamOptions = Required<SamOptions>;

export const DEFAULT_SAM_OPTIONS: ResolvedSamOptions = {
  pointsPerSide: 32,
  pointsPerBatch: 64,
  predIouThresh: 0.88,
  stabilityScoreThresh: 0.95,
  stabilityScoreOffset: 1,
  boxNmsThresh: 0.7,
  cropNLayers: 0,
  cropNmsThresh: 0.7,
  cropOverlapRatio: 512 / 1500,
  cropNPointsDownscaleFactor: 1,
  minMaskRegionArea: 0,
  adaptive: false,
};

/** What each number may be, its ends included. */
export const SAM_RANGES: Record<
  Exclude<keyof SamOptions, "adaptive">,
  { from: number; to: number; whole?: true }
> = {
  pointsPerSide: { from: 1, to: 1024, whole: true },
  pointsPerBatch: { from: 1, to: 4096, whole: true },
  predIouThresh: { from: -1e9, to: 1e9 },
  stabilityScoreThresh: { from: -1e9, to: 1 },
  stabilityScoreOffset: { from: 0, to: 1e9 },
  boxNmsThresh: { from: 0, to: 1 },
  cropNLayers: { from: 0, to: 4, whole: true },
  cropNmsThresh: { from: 0, to: 1 },
  cropOverlapRatio: { from: 0, to: 1 },
  cropNPointsDownscaleFactor: { from: 1, to: 1024, whole: true },
  minMaskRegionArea: { from: 0, to: 2 ** 31, whole: true },
};

/**
 * Fills in the defaults.
 * @throws SamsrError that names the option and says what was expected and what came
 */
export function resolveSamOptions(options: SamOptions = {}): ResolvedSamOptions {
  const given = Object.fromEntries(Object.entries(options).filter(([, value]) => value !== undefined));
  const resolved = { ...DEFAULT_SAM_OPTIONS, ...given };
  for (const [key, { from, to, whole }] of Object.entries(SAM_RANGES)) {
    const value = resolved[key as keyof typeof SAM_RANGES];
    if (typeof value === "number" && value >= from && value <= to && (!whole || Number.isInteger(value)))
      continue;
    throw new SamsrError(
      `${key} must be a ${whole ? "whole " : ""}number from ${from} to ${to}, not ${value}`,
    );
  }
  const { pointsPerSide, cropNLayers, cropNPointsDownscaleFactor } = resolved;
  if (pointsPerSide < cropNPointsDownscaleFactor ** cropNLayers) {
    throw new SamsrError(
      `cropNPointsDownscaleFactor ${cropNPointsDownscaleFactor} leaves no point of ` +
        `${pointsPerSide} in layer ${cropNLayers}`,
    );
  }
  return resolved;
}
