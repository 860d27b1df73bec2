/** Methods beside each other: a row for each, with what it has over one of them. */

import type { DataSet } from "../src/evaluate/benchmark/data-sets.js";
import { gainColumn, metricColumn, paperHead } from "../src/evaluate/columns.js";
import { METRICS, type MetricName } from "../src/evaluate/metrics/index.js";
import { type Estimate, meanOf, pairedDifference } from "../src/evaluate/score.js";
import { wordColumn, writeTable } from "../src/evaluate/table.js";
import { measure, type Scores } from "./measure.js";
import type { Model } from "./models.js";
import { budgets, common, notes, type TableOptions, valuesOf } from "./shared.js";

/** A method in a table. */
export interface Row {
  readonly label: string;
  /** The model of the row; undefined while the student is not trained. */
  readonly model: Model | undefined;
  /** The paper's figures, where it has this row. */
  readonly paper?: readonly string[];
}

interface Comparison {
  readonly on: readonly DataSet[];
  readonly metrics: readonly MetricName[];
  /** The model that the others are compared with, picture by picture; undefined while it is not trained. */
  readonly baseline: Model | undefined;
  readonly over: string;
}

/**
 * Measures models beside each other: a row for each, with the mean of each data set and metric and what it
 * has over the baseline.
 */
export async function compared(
  rows: readonly Row[],
  { on, metrics, baseline, over }: Comparison,
  options: TableOptions,
  paperHeads: readonly string[],
): Promise<string> {
  const scored = new Map<string, Scores[]>();
  for (const data of on) {
    for (const { model } of rows) {
      if (!model) continue;
      const scores = await measure(model, data, options);
      scored.set(model.name, [...(scored.get(model.name) ?? []), scores]);
    }
  }
  const columns = on.flatMap((data, place) => {
    const prefix = on.length > 1 ? `${data.name} ` : "";
    const own = (model: Model | undefined) => model && scored.get(model.name)![place];
    const all = [...scored.values()].map((sets) => sets[place]);
    return metricsOf(data, metrics).flatMap((metric) => [
      metricColumn<Row>(
        metric,
        ({ model }) => meanOver(common(metric, all), metric, own(model)),
        `${prefix}${paperHead(metric)}`,
      ),
      gainColumn<Row>(metric, `over ${over}`, ({ model }) =>
        model === baseline ? undefined : gainOver(common(metric, all), metric, own(model), own(baseline)),
      ),
    ]);
  });
  const students = rows.flatMap(({ model }) => (model?.step === undefined ? [] : [model.name]));
  const table = {
    columns: [
      wordColumn<Row>("", ({ label }) => label),
      ...columns,
      ...paperHeads.map((head, i) => wordColumn<Row>(head, ({ paper }) => paper?.[i])),
    ],
    rows,
    notes: [
      ...notes(on, metrics, options),
      "± is the standard error of the difference, picture by picture.",
      ...(await budgets(students, options)),
    ],
  };
  return writeTable(table, "markdown");
}

const metricsOf = ({ paired }: DataSet, metrics: readonly MetricName[]) =>
  metrics.filter((metric) => paired || !METRICS[metric].needsReference);

/** The mean over the pictures that every model has a value of. */
function meanOver(whole: readonly number[], metric: MetricName, own: Scores | undefined): number | undefined {
  return own && whole.length > 0 ? meanOf(valuesOf(metric, own, whole)) : undefined;
}

/** The difference from the baseline over the same pictures. */
function gainOver(
  whole: readonly number[],
  metric: MetricName,
  own: Scores | undefined,
  from: Scores | undefined,
): Estimate | undefined {
  if (!own || !from || whole.length === 0) return undefined;
  return pairedDifference(valuesOf(metric, own, whole), valuesOf(metric, from, whole));
}
