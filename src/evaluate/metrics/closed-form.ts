/** Metrics that are a formula of pixels: a picture is measured by itself, and no weights are needed. */
import { SamsrError } from "../../base/errors.js";
import type { Raster } from "../../image/raster.js";
import type { Judgement, Metric, MetricSetup, Pair } from "./metric.js";

/**
 * Measures one picture; there is an original wherever the metric needs one.
 * @throws SamsrError when the picture is too small for it, or the two differ in size
 */
type Formula = (picture: Raster, original: Raster | undefined) => number;

interface ClosedForm extends Omit<Metric, "weights" | "takesBorder" | "open"> {
  /** Loads the formula. */
  formula(setup: MetricSetup): Promise<Formula>;
}

/** Returns a metric that needs no weights, from its formula. */
export function closedForm({ formula, ...facts }: ClosedForm): Metric {
  return {
    ...facts,
    weights: [],
    takesBorder: true,
    async open(setup) {
      const measure = await formula(setup);
      return {
        async measure(pairs, checkpoint) {
          const values: Judgement[] = [];
          for (const pair of pairs) {
            await checkpoint();
            values.push(judged(measure, pair));
          }
          return values;
        },
      };
    },
  };
}

function judged(measure: Formula, { picture, original }: Pair): Judgement {
  try {
    return measure(picture, original);
  } catch (error) {
    if (error instanceof SamsrError) return { reason: error.message };
    throw error;
  }
}
