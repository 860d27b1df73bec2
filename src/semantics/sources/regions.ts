/** Coverage by a classical segmentation hierarchy (regions.ts above): no network, no download. */
import { segmentRegions } from "../regions.js";
import { type Runs, runsOfLabels } from "../runs.js";
import { type CoverageSource, rgbOf } from "./source.js";

/**
 * The source `regions`. It looks at 8-bit RGB, or at planes as they are; masks are in the order of their
 * numbers.
 */
export const regionsSource: CoverageSource = {
  async find(picture) {
    const { width, height } = picture;
    const data = "planes" in picture ? picture.planes : (rgbOf(picture).data as Uint8Array);
    const regions = segmentRegions({ width, height, data });
    return {
      coverage: regions.coverage,
      masks() {
        const byNumber = new Map<number, Runs>(regions.levels().flatMap((level) => [...runsOfLabels(level)]));
        return [...byNumber].sort(([a], [b]) => a - b).map(([, runs]) => ({ runs }));
      },
    };
  },
};
