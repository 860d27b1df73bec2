/** No semantics: W is 0 everywhere and what is left of SAMSR is SinSR. */
import { emptyCoverage } from "../coverage.js";
import type { CoverageSource } from "./source.js";

/**
 * The source `none`: nothing is covered, in either variant. Noise for it is plain, not the standardised noise
 * of a bare picture.
 */
export const noSource: CoverageSource = {
  async find({ width, height }) {
    return { coverage: emptyCoverage(width, height), masks: () => [] };
  },
};
