/** The options of Segment Anything's mask generator, as several commands take them. */
import { InvalidArgumentError, Option } from "commander";
import type { SamOptions } from "../semantics/index.js";
import { whole } from "./options.js";

/** What the command line says of the generator; names follow from the flags. */
export interface SamArguments {
  points?: number;
  pointsAdaptive?: boolean;
  pointsPerBatch?: number;
  predIouThresh?: number;
  stabilityScoreThresh?: number;
  stabilityScoreOffset?: number;
  boxNmsThresh?: number;
  cropNLayers?: number;
  cropNmsThresh?: number;
  cropOverlapRatio?: number;
  cropNPointsDownscaleFactor?: number;
  minMaskRegionArea?: number;
}

const GROUP = "Segment Anything (--masks sam):";

/** A switch among them. */
export function samOption(flags: string, words: string): Option {
  return new Option(flags, words).helpGroup(GROUP);
}

/** Defaults stand in the words only, so that what was said can be told from what was not. */
export function samOptions(): Option[] {
  const option = (flags: string, words: string, parse: (text: string) => unknown) =>
    new Option(flags, words).argParser(parse).helpGroup(GROUP);
  return [
    option("--points <n>", "points along each side of the grid (default: 32)", whole(1, 1024)),
    samOption("--points-adaptive", "fewer points where coarser ones found all there is"),
    option("--points-per-batch <n>", "points that the network takes at once (default: 64)", whole(1, 4096)),
    option("--pred-iou-thresh <x>", "least quality that the network predicts (default: 0.88)", number()),
    option("--stability-score-thresh <x>", "least stability score (default: 0.95)", number()),
    option("--stability-score-offset <x>", "how far the score moves the threshold (default: 1)", number(0)),
    option("--box-nms-thresh <x>", "IoU of boxes above which masks are doubles (default: 0.7)", number(0, 1)),
    option("--crop-n-layers <n>", "layers of crops; layer n has 4^n of them (default: 0)", whole(0, 4)),
    option("--crop-nms-thresh <x>", "the same IoU between crops (default: 0.7)", number(0, 1)),
    option(
      "--crop-overlap-ratio <x>",
      "overlap of crops, of the shorter side (default: 512/1500)",
      number(0, 1),
    ),
    option(
      "--crop-n-points-downscale-factor <n>",
      "how many times fewer points a side each layer has (default: 1)",
      whole(1, 1024),
    ),
    option("--min-mask-region-area <n>", "smaller holes and islands go (default: 0: none do)", whole(0)),
  ];
}

/** The options as the generator takes them. */
export function samOptionsOf(given: SamArguments): SamOptions {
  return {
    pointsPerSide: given.points,
    pointsPerBatch: given.pointsPerBatch,
    predIouThresh: given.predIouThresh,
    stabilityScoreThresh: given.stabilityScoreThresh,
    stabilityScoreOffset: given.stabilityScoreOffset,
    boxNmsThresh: given.boxNmsThresh,
    cropNLayers: given.cropNLayers,
    cropNmsThresh: given.cropNmsThresh,
    cropOverlapRatio: given.cropOverlapRatio,
    cropNPointsDownscaleFactor: given.cropNPointsDownscaleFactor,
    minMaskRegionArea: given.minMaskRegionArea,
    adaptive: given.pointsAdaptive,
  };
}

/** A parser of numbers, or of fractions such as 512/1500. */
function number(least = Number.NEGATIVE_INFINITY, most = Number.POSITIVE_INFINITY) {
  return (text: string): number => {
    const [above, below = 1] = text
      .split("/")
      .map((part) => (part.trim() === "" ? Number.NaN : Number(part)));
    const value = above / below;
    if (Number.isFinite(value) && value >= least && value <= most) return value;
    const range =
      most < Number.POSITIVE_INFINITY ? ` from ${least} to ${most}` : least === 0 ? " from 0 on" : "";
    throw new InvalidArgumentError(`Expected a number${range}.`);
  };
}
