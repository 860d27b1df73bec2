/** What all tables have: students by name, means of scores as text, and the notes below. */
import { basename, join } from "node:path";
import { SamsrError } from "../src/base/errors.js";
import type { DataSet } from "../src/evaluate/benchmark/data-sets.js";
import { borderNote } from "../src/evaluate/columns.js";
import { BORDER } from "../src/evaluate/measurer.js";
import { METRICS, type MetricName } from "../src/evaluate/metrics/index.js";
import type { StudentConfig } from "../src/train/config/index.js";
import type { MeasureOptions, Scores } from "./measure.js";
import { type Model, type RunsOn, studentModel } from "./models.js";
import { configIn, weightsAt } from "./run-folder.js";

/** What every table takes. */
export interface TableOptions extends MeasureOptions {
  /** Pictures with originals, for tables that need them; `real` has those without. */
  readonly val?: DataSet;
  readonly real: readonly DataSet[];
  readonly teacher: string;
  readonly runsOn: RunsOn;
  /** Called with each student that a table lacks. */
  readonly missing: (student: string) => void;
}

/** Makes a table in Markdown, with its notes. */
export type MakeTable = (options: TableOptions) => Promise<string>;

/** Opens a student at the end of its run; undefined, and `missing` is called, where there is none. */
export async function student(name: string, options: TableOptions): Promise<Model | undefined> {
  const config = await configIn(join(options.runs, name));
  const model = config && (await studentAtStep(name, config, config.optimiser.steps, options));
  if (!model) options.missing(name);
  return model;
}

export async function studentAtStep(
  name: string,
  config: StudentConfig,
  step: number,
  { runs, teacher, runsOn }: TableOptions,
): Promise<Model | undefined> {
  const weights = await weightsAt(join(runs, name), step, config);
  if (weights === undefined) return undefined;
  return studentModel(name, { student: weights, teacher }, config, step, runsOn);
}

/** Lists the pictures that every model has a value of, by their numbers. */
export function common(metric: MetricName, all: readonly Scores[]): number[] {
  return (all[0] ?? []).flatMap((_, i) =>
    all.every((scores) => scores[i][metric] !== undefined) ? [i] : [],
  );
}

export const valuesOf = (metric: MetricName, scores: Scores, whole: readonly number[]) =>
  whole.map((i) => scores[i][metric]!);

/** Says on what a table was measured, by which NIQE, and what was left out along the edges. */
export function notes(
  on: readonly DataSet[],
  metrics: readonly MetricName[],
  { pristine }: TableOptions,
): string[] {
  const sets = on.map(({ name, pictures, about }) => `${name}: ${pictures.length} ${about}`);
  const niqe = metrics.includes("niqe") ? ` NIQE (less is better) against ${basename(pristine.source)}.` : "";
  const measured = metrics.filter((name) => !METRICS[name].needsReference || on.some(({ paired }) => paired));
  return [`${sets.join("; ")}.${niqe} ${borderNote(measured, BORDER)}`];
}

/** Says what the students of a table were given: one paragraph, or one for each when they differ. */
export async function budgets(names: readonly string[], { runs }: TableOptions): Promise<string[]> {
  const given = new Map<string, string[]>();
  for (const name of new Set(names)) {
    const { optimiser, data, student } = (await configIn(join(runs, name)))!;
    const { rollOut = "all", distilled = data.batch, terms } = student;
    const chain =
      terms.distill || terms.inverse || terms.gt
        ? `${distilled} of them distilled, roll-out of ${rollOut} timesteps`
        : "trained by the originals alone";
    const words = `${optimiser.steps} steps of ${data.batch} crops, ${chain}, seed ${data.seed}`;
    given.set(words, [...(given.get(words) ?? []), name]);
  }
  const line = ([words, students]: [string, string[]]) =>
    given.size === 1 ? `Each student: ${words}.` : `${students.join(", ")}: ${words}.`;
  return [...given].map(line);
}

export function demand(there: boolean, message: string): void {
  if (!there) throw new SamsrError(message);
}
