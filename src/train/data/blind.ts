/**
 * The degradation of a model that is to serve any picture, whatever became of it ("blind" super-resolution):
 * of ten crops seven go through Real-ESRGAN's second order, two through the mild degradation, one through a
 * reduction alone. Where a reduction is not Real-ESRGAN's, it is by one of three filters, so that crisp
 * thumbnails are known as well as soft ones.
 */
import type { Random } from "../../base/random.js";
import { type Degradation, mildDegradation, mildTraining } from "./degrade.js";
import { REDUCTION_FILTERS, type ReductionFilter } from "./kernel.js";
import { realEsrganDegradation } from "./real-esrgan/degrade.js";
import { drawWeighted } from "./real-esrgan/kernels.js";
import { reductionAlone } from "./reduction.js";

/** How often each is drawn. */
const SHARES = { "real-esrgan": 0.7, mild: 0.2, reduction: 0.1 } as const;

/** What one picture goes through, and the parameters that it drew there. */
export interface BlindParameters {
  readonly degradation: keyof typeof SHARES;
  /** The filter of the reduction, where it is not Real-ESRGAN's. */
  readonly filter?: ReductionFilter;
  readonly parameters: unknown;
}

const FILTERS = Object.keys(REDUCTION_FILTERS) as ReductionFilter[];

/** Draws one of three degradations for each picture; see the head of this file. */
export const blindDegradation: Degradation<BlindParameters> = {
  sample(random: Random) {
    const degradation = drawWeighted(SHARES, random);
    const filter = FILTERS[random.integer(FILTERS.length)];
    const parameters = degradationOf(degradation, filter).sample(random);
    return degradation === "real-esrgan" ? { degradation, parameters } : { degradation, filter, parameters };
  },
  apply(photo, region, { degradation, filter, parameters }, random, orient) {
    return degradationOf(degradation, filter).apply(photo, region, parameters, random, orient);
  },
};

function degradationOf(name: BlindParameters["degradation"], filter?: ReductionFilter): Degradation<unknown> {
  const degradations = {
    "real-esrgan": () => realEsrganDegradation(),
    mild: () => mildDegradation(mildTraining, filter),
    reduction: () => reductionAlone(filter),
  };
  return degradations[name]() as Degradation<unknown>;
}
