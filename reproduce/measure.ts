/**
 * One model on one data set: all metrics in one pass, kept beside the run so that nothing is measured twice.
 */
import { mkdir, readFile } from "node:fs/promises";
import { dirname, join } from "node:path";
import { SamsrError } from "../src/base/errors.js";
import { type DataSet, digestOf } from "../src/evaluate/benchmark/data-sets.js";
import { niqeDigest } from "../src/evaluate/benchmark/results.js";
import { comparePicture } from "../src/evaluate/compare.js";
import { createMeasurer, type Values } from "../src/evaluate/measurer.js";
import { METRICS, PLAIN_METRICS } from "../src/evaluate/metrics/index.js";
import type { PristineModel } from "../src/evaluate/niqe/niqe.js";
import { writeFileAtomically } from "../src/image/index.js";
import type { Model } from "./models.js";

/**
 * Scores in the order of the pictures, whose names two folders may share. One too small or too smooth for
 * NIQE has none.
 */
export type Scores = readonly (Values & { readonly name: string })[];

export interface MeasureOptions {
  /** The folder in which each run has a folder. */
  readonly runs: string;
  readonly pristine: PristineModel;
  readonly say: (line: string) => void;
  readonly signal: AbortSignal;
}

/**
 * Measures a model on a data set, all metrics in one pass, or takes what an earlier run kept of it.
 * @throws SamsrError when the model fails on a picture; the signal's reason
 */
export async function measure(model: Model, data: DataSet, options: MeasureOptions): Promise<Scores> {
  const { runs, pristine, say, signal } = options;
  const title = [model.name, ...(model.step === undefined ? [] : [`at step ${model.step}`])].join(" ");
  const file = [data.name, data.limit ?? "all", ...(model.step === undefined ? [] : [model.step])].join("-");
  const path = join(runs, model.name, "scores", `${file}.json`);
  const facts = {
    model: model.fingerprint,
    data: digestOf(data.pictures.map(({ fingerprint }) => fingerprint)),
    niqe: niqeDigest(pristine),
  };
  const known = await read(path, facts);
  if (known) return known;

  const begun = performance.now();
  const metrics = PLAIN_METRICS.filter((name) => data.paired || !METRICS[name].needsReference);
  const measurer = await createMeasurer({ metrics, pristine });
  const scores: (Values & { name: string })[] = [];
  await model.use(async (enlarge) => {
    for (const { name, open } of data.pictures) {
      const { lq, hr } = await open();
      const how = { measurer, signal };
      const outcome = (await comparePicture(lq, hr, new Map([[title, enlarge]]), how)).get(title)!;
      if ("reason" in outcome) throw new SamsrError(`${name} by ${title}: ${outcome.reason}`);
      scores.push({ name, ...outcome.values });
    }
  });
  const seconds = ((performance.now() - begun) / 1000).toFixed(0);
  say(`${title} on ${data.name}: ${scores.length} pictures in ${seconds} s`);
  await mkdir(dirname(path), { recursive: true });
  const text = JSON.stringify({ ...facts, pictures: scores }, null, 1);
  await writeFileAtomically(path, new TextEncoder().encode(`${text}\n`), { overwrite: true });
  return scores;
}

/** Reads what is kept, if it is of the same model, pictures and NIQE. */
async function read(path: string, facts: Record<string, string>): Promise<Scores | undefined> {
  const text = await readFile(path, "utf8").catch(() => undefined);
  if (text === undefined) return undefined;
  const kept = JSON.parse(text);
  if (Object.entries(facts).some(([key, value]) => kept[key] !== value)) return undefined;
  return kept.pictures;
}
