/** Coverage by the masks of Segment Anything, the paper's source. */
import { SamsrError } from "../../base/errors.js";
import { fromTensor, type Raster, toTensor } from "../../image/raster.js";
import { bicubicX4 } from "../../image/resize.js";
import { coverageOfRuns } from "../coverage-of-runs.js";
import type { SamOptions } from "../sam/options.js";
import type { FindContext, Generated } from "../sam/types.js";
import { type CoverageSource, rasterOf, rgbOf } from "./source.js";

/** Finds the masks of a picture, 8-bit RGB, as `Segmenter.masksOf` does. */
export type FindMasks = (
  picture: Raster,
  options?: SamOptions,
  context?: FindContext,
) => Promise<Pick<Generated, "masks"> & Partial<Generated>>;

export interface SamSourceOptions {
  /** How Segment Anything is asked; defaults are those of its public generator. */
  readonly samOptions?: SamOptions;
  /** Whether it looks at the bicubic enlargement by 4, as section 3.1 has it, or at the picture itself. */
  readonly enlarged: boolean;
}

/**
 * Makes the source `sam`. Masks are in the size of what was looked at; coverage is in the picture's, masks of
 * the enlargement being pooled and thresholded (equations 3 and 4).
 * @param findMasks asks a network, see `createSegmenter`; left out, every search fails and says so
 */
export function samSource(
  findMasks: FindMasks | undefined,
  { samOptions, enlarged }: SamSourceOptions,
): CoverageSource {
  return {
    async find(picture, context) {
      if (!findMasks) throw new SamsrError("masks sam: there is no Segment Anything here");
      const seen = enlarged ? enlargedPicture(rasterOf(picture)) : rgbOf(picture);
      const { masks, asked, points } = await findMasks(seen, samOptions, context);
      const coverage = coverageOfRuns(
        masks.map(({ runs }) => runs),
        picture,
      );
      return {
        coverage,
        masks: () => masks.map((sam) => ({ runs: sam.runs, sam })),
        ...(asked !== undefined && points !== undefined && { points: { asked, points } }),
      };
    },
  };
}

/** Returns the bicubic enlargement by 4 of a raster of any channels and depth, as 8-bit RGB. */
function enlargedPicture(raster: Raster): Raster {
  const { width, height } = raster;
  const large = bicubicX4(toTensor(raster), 3, width, height);
  return fromTensor(large, { width: 4 * width, height: 4 * height, channels: 3 });
}
