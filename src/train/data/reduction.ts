import { SCALE } from "../../base/scale.js";
import { fromTensor } from "../../image/raster.js";
import type { Degradation } from "./degrade.js";
import { type ReductionFilter, reductionKernel } from "./kernel.js";
import { blurAndReduce } from "./reduce.js";

/** Reduces photos by nothing but the antialiased reduction by 4, rounded to 8 bits; nothing is drawn. */
export function reductionAlone(filter: ReductionFilter = "bicubic"): Degradation<Record<string, never>> {
  return {
    sample: () => ({}),
    async apply(photo, region, _parameters, _random, orient = (reduced) => reduced) {
      const [width, height] = [region.width / SCALE, region.height / SCALE];
      const reduced = blurAndReduce(photo, region, reductionKernel(0, filter));
      return fromTensor(orient(reduced, width), { width, height, channels: 3 });
    },
  };
}
