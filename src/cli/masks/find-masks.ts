/** The masks of a picture, from wherever the command line says. */
import { bleedColour, type Raster, toRgb } from "../../image/index.js";
import type { LoadedCoverageModel } from "../../semantics/coverage-model.js";
import {
  type Coverage,
  coverageOfRuns,
  coverBackground,
  pixelsOf,
  prepareMasks,
  type Runs,
  runsOf,
  runsOfLabels,
  type SamMask,
  type SamOptions,
  segmentRegions,
} from "../../semantics/index.js";
import { readMaskRuns } from "../../semantics/mask-files.js";
import type { ThreadedSegmenter } from "../../semantics/sam/segmenter-thread.js";
import { enlargedPicture } from "../../upscale/semantics.js";

export interface FoundMasks {
  /** In the size they were found in, with what Segment Anything says of each. */
  masks: { runs: Runs; sam?: SamMask }[];
  /** In the picture's size. */
  inPicture: Runs[];
  coverage: Coverage;
  /** Points that Segment Anything was asked, and of how many. */
  points?: { asked: number; points: number };
}

export interface MaskSource {
  /** regions, network, sam, or a path. */
  masks: string;
  variant: "paper" | "release";
  /** Segment Anything looks at the bicubic enlargement, as it does in `samsr upscale`. */
  enlarged?: boolean;
  segmenter?: ThreadedSegmenter;
  coverageModel?: LoadedCoverageModel;
  samOptions: SamOptions;
}

export async function findMasks(
  raster: Raster,
  source: MaskSource,
  run: { onProgress: (value: { done: number; total: number }) => void; signal: AbortSignal },
): Promise<FoundMasks> {
  const { width, height } = raster;
  const { masks: kind, variant, segmenter } = source;
  if (kind === "sam") {
    const colour = await bleedColour(raster);
    const picture = source.enlarged ? enlargedPicture(colour) : toRgb(colour);
    const { masks, ...points } = await segmenter!.masksOf(picture, source.samOptions, run);
    const found = masks.map((sam) => ({ runs: sam.runs, sam }));
    const inPicture = found.map(({ runs }) => (source.enlarged ? pooled(runs, raster) : runs));
    return { masks: found, inPicture, coverage: coverageOfRuns(inPicture, raster, variant), points };
  }
  if (kind === "network") {
    // No masks were found: there is only the count.
    const counted = await source.coverageModel!.coverage(await bleedColour(raster));
    const coverage = variant === "release" ? coverBackground(counted) : counted;
    return { masks: [], inPicture: [], coverage };
  }
  if (kind === "regions") {
    const regions = segmentRegions({
      width,
      height,
      // What the upscaler segments too: 8 bits, colours bled under what is transparent.
      data: toRgb(await bleedColour(raster)).data as Uint8Array,
    });
    const byLabel = new Map(regions.levels().flatMap((level) => [...runsOfLabels(level)]));
    const inPicture = [...byLabel].sort(([a], [b]) => a - b).map(([, runs]) => runs);
    const coverage = variant === "release" ? coverBackground(regions.coverage) : regions.coverage;
    return { masks: inPicture.map((runs) => ({ runs })), inPicture, coverage };
  }
  const inPicture = await readMaskRuns(kind, width, height);
  return {
    masks: inPicture.map((runs) => ({ runs })),
    inPicture,
    coverage: coverageOfRuns(inPicture, raster, variant),
  };
}

/** A mask of the enlargement in the picture's size, as equations 3 and 4 have it. */
function pooled(runs: Runs, { width, height }: { width: number; height: number }): Runs {
  const { masks } = prepareMasks({ ...runs, masks: [pixelsOf(runs)] }, width, height);
  return runsOf(masks[0], width, height);
}
