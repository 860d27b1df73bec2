/** Several methods on the same pictures, measured as far as each picture can be. */
import { checkOptions } from "../base/arguments.js";
import { SamsrError } from "../base/errors.js";
import { checkRaster, type Raster } from "../image/raster.js";
import { decodeRgb } from "../train/data/photos.js";
import { checkMaps, checkMeasurer, checkMetrics } from "./checks.js";
import { type Measurer, type Values, valuesOf } from "./measurer.js";
import { METRICS, type MetricName } from "./metrics/index.js";
import { picturesByStem } from "./names.js";
import { type EnlargeMethod, meanOf } from "./score.js";

/** A method's result for one picture, or why there is none. */
export type Outcome = { readonly picture: Raster; readonly values: Values } | { readonly reason: string };

export interface CompareOptions {
  readonly measurer: Measurer;
  readonly signal?: AbortSignal;
}

/**
 * Enlarges one picture by every method, in the order of the methods. A method that fails does not stop the
 * others.
 * @param lq the small picture, 8-bit RGB; `original`, where it is known, is four times as large
 * @throws SamsrError for what are no pictures, methods or measurer; the signal's reason
 */
export async function comparePicture(
  lq: Raster,
  original: Raster | undefined,
  methods: ReadonlyMap<string, EnlargeMethod>,
  options: CompareOptions,
): Promise<Map<string, Outcome>> {
  checkRaster(lq);
  if (original !== undefined) checkRaster(original);
  checkMaps("comparePicture: the methods", [methods]);
  checkOptions("comparePicture", options, { measurer: "object", signal: "signal" });
  checkMeasurer("comparePicture", options.measurer);
  const outcomes = new Map<string, Outcome>();
  for (const [name, enlarge] of methods) {
    options.signal?.throwIfAborted();
    try {
      const picture = await enlarge(lq);
      outcomes.set(name, { picture, values: await measureWhatCanBe(picture, original, options) });
    } catch (error) {
      options.signal?.throwIfAborted();
      outcomes.set(name, { reason: (error as Error).message });
    }
  }
  return outcomes;
}

/**
 * Measures what can be measured: a picture too small for a metric that needs no original simply has no value
 * of it.
 */
async function measureWhatCanBe(
  picture: Raster,
  original: Raster | undefined,
  { measurer, signal }: CompareOptions,
): Promise<Values> {
  const [judged] = await measurer.measure([{ picture, ...(original && { original }) }], { signal });
  for (const [name, value] of Object.entries(judged)) {
    const compares = METRICS[name as MetricName].needsReference;
    if (compares && typeof value !== "number") throw new SamsrError(value.reason);
  }
  return valuesOf(judged);
}

/**
 * Means over the pictures that every method has a value for, so that methods are compared on the same ones.
 * @param rows the outcomes of each picture, by the names of the methods
 * @throws SamsrError for what are no rows, and for the name of a metric that is none
 */
export function meansOf(
  rows: readonly ReadonlyMap<string, Outcome>[],
  metrics: readonly MetricName[],
): Map<string, Partial<Record<MetricName, { mean: number; pictures: number }>>> {
  checkMaps("meansOf: the rows", rows);
  checkMetrics("meansOf", metrics);
  const names = [...new Set(rows.flatMap((row) => [...row.keys()]))];
  const value = (row: ReadonlyMap<string, Outcome>, name: string, metric: MetricName) => {
    const outcome = row.get(name);
    return outcome && "values" in outcome ? outcome.values[metric] : undefined;
  };
  const means = new Map<string, Partial<Record<MetricName, { mean: number; pictures: number }>>>();
  for (const name of names) means.set(name, {});
  for (const metric of metrics) {
    const whole = rows.filter((row) => names.every((name) => value(row, name, metric) !== undefined));
    if (whole.length === 0) continue;
    for (const name of names) {
      const mean = meanOf(whole.map((row) => value(row, name, metric)!));
      means.get(name)![metric] = { mean, pictures: whole.length };
    }
  }
  return means;
}

/** Results of another program as a method; which picture it is asked for is told by `current`. */
export async function givenResults(folder: string, current: () => string): Promise<EnlargeMethod> {
  const paths = await picturesByStem(folder);
  if (paths.size === 0) throw new SamsrError(`${folder}: expected pictures in or below this folder`);
  return async () => {
    const path = paths.get(current());
    if (path === undefined) throw new SamsrError(`${folder} has no picture named ${current()}`);
    return decodeRgb(path);
  };
}
