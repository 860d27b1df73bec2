/** The parameters of automatic masks as they are said on a command line or to a server. */
import { type Described, type Said, wholeNumber } from "../../base/words.js";
import type { SamOptions } from "./options.js";

const share = { type: "number", minimum: 0, maximum: 1 } as const;

/** Defaults stand in the words only, so that what was said can be told from what was not. */
export const SAM_WORDS = {
  points: {
    ...{ value: "n", words: "points along each side of the grid (default: 32)" },
    schema: wholeNumber(1, 1024),
  },
  pointsAdaptive: {
    ...{ value: "yes", words: "fewer points where coarser ones found all there is" },
    schema: { type: "boolean" },
  },
  pointsPerBatch: {
    ...{ value: "n", words: "points that the network takes at once (default: 64)" },
    schema: wholeNumber(1, 4096),
  },
  predIouThresh: {
    ...{ value: "x", words: "least quality that the network predicts (default: 0.88)" },
    schema: { type: "number" },
  },
  stabilityScoreThresh: {
    ...{ value: "x", words: "least stability score (default: 0.95)" },
    schema: { type: "number" },
  },
  stabilityScoreOffset: {
    ...{ value: "x", words: "how far the score moves the threshold (default: 1)" },
    schema: { type: "number", minimum: 0 },
  },
  boxNmsThresh: {
    ...{ value: "x", words: "IoU of boxes above which masks are doubles (default: 0.7)" },
    schema: share,
  },
  cropNLayers: {
    ...{ value: "n", words: "layers of crops; layer n has 4^n of them (default: 0)" },
    schema: wholeNumber(0, 4),
  },
  cropNmsThresh: { value: "x", words: "the same IoU between crops (default: 0.7)", schema: share },
  cropOverlapRatio: {
    ...{ value: "x", words: "overlap of crops, of the shorter side (default: 512/1500)" },
    schema: share,
  },
  cropNPointsDownscaleFactor: {
    ...{ value: "n", words: "how many times fewer points a side each layer has (default: 1)" },
    schema: wholeNumber(1, 1024),
  },
  minMaskRegionArea: {
    ...{ value: "n", words: "smaller holes and islands go (default: 0: none do)" },
    schema: wholeNumber(0),
  },
} as const satisfies Record<string, Described>;

export type SamSaid = Said<typeof SAM_WORDS>;

/** Returns the options as the generator takes them. */
export function samOptionsOf({ points, pointsAdaptive, ...given }: SamSaid): SamOptions {
  const { pointsPerBatch, predIouThresh, stabilityScoreThresh, stabilityScoreOffset, boxNmsThresh } = given;
  const { cropNLayers, cropNmsThresh, cropOverlapRatio, cropNPointsDownscaleFactor } = given;
  return {
    ...{ pointsPerSide: points, pointsPerBatch, predIouThresh, stabilityScoreThresh, stabilityScoreOffset },
    ...{ boxNmsThresh, cropNLayers, cropNmsThresh, cropOverlapRatio, cropNPointsDownscaleFactor },
    ...{ minMaskRegionArea: given.minMaskRegionArea, adaptive: pointsAdaptive },
  };
}
