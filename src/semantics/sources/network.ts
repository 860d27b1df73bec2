/** Coverage that a network predicts, in one pass where a mask generator takes many. */
import { SamsrError } from "../../base/errors.js";
import type { Raster } from "../../image/raster.js";
import type { Coverage } from "../coverage.js";
import { type CoverageSource, rasterOf } from "./source.js";

/** Predicts the coverage of a raster of any channels and depth, in whole numbers at its own size. */
export type PredictCoverage = (picture: Raster) => Promise<Coverage>;

/**
 * Makes the source `network`. It finds no masks, only their count.
 * @param predict a network's prediction, see `createCoveragePredictor`; left out, every search fails and says
 *   so
 */
export function networkSource(predict?: PredictCoverage): CoverageSource {
  return {
    async find(picture) {
      if (!predict) throw new SamsrError("masks network: there is no coverage network here");
      return { coverage: await predict(rasterOf(picture)), masks: () => [] };
    },
  };
}
