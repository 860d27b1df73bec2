import { SCALE } from "../../base/scale.js";
import { fromTensor } from "../../image/raster.js";
import { blindDegradation } from "./blind.js";
import { type Degradation, mildDegradation, mildTraining } from "./degrade.js";
import { reductionKernel } from "./kernel.js";
import { realEsrganDegradation } from "./real-esrgan/degrade.js";
import { blurAndReduce } from "./reduce.js";

/** Nothing but the antialiased bicubic reduction by 4, rounded to 8 bits; nothing is drawn. */
export const bicubicDegradation: Degradation<Record<string, never>> = {
  sample: () => ({}),
  async apply(photo, region, _parameters, _random, orient = (reduced) => reduced) {
    const [width, height] = [region.width / SCALE, region.height / SCALE];
    const reduced = blurAndReduce(photo, region, reductionKernel(0));
    return fromTensor(orient(reduced, width), { width, height, channels: 3 });
  },
};

const DEGRADATIONS = {
  blind: blindDegradation,
  mild: mildDegradation(mildTraining),
  "real-esrgan": realEsrganDegradation(),
  bicubic: bicubicDegradation,
} as const;

export type DegradationName = keyof typeof DEGRADATIONS;

/** What makes photos small, by name; whatever its parameters are, only it reads them. */
export function degradationNamed(name: DegradationName): Degradation<unknown> {
  return DEGRADATIONS[name] as Degradation<unknown>;
}
