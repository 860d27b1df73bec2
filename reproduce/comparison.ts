/** Methods beside each other: a row for each, with what it has over one of them. */

import type { DataSet } from "../src/evaluate/benchmark/data-sets.js";
import { METRICS, type MetricName } from "../src/evaluate/metrics/index.js";
import { meanOf, pairedDifference } from "../src/evaluate/score.js";
import { digits, estimate, renderTable } from "../src/evaluate/table.js";
import { measure, type Scores } from "./measure.js";
import type { Model } from "./models.js";
import { budgets, common, headOf, NOTHING, notes, type TableOptions, valuesOf } from "./shared.js";

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
  const head = ["", ...on.flatMap((data) => heads(data, metrics, on.length > 1, over)), ...paperHeads];
  const scored = new Map<string, Scores[]>();
  for (const data of on) {
    for (const { model } of rows) {
      if (!model) continue;
      const scores = await measure(model, data, options);
      scored.set(model.name, [...(scored.get(model.name) ?? []), scores]);
    }
  }
  const lines = rows.map(({ label, model, paper }) => {
    const cells = on.flatMap((data, i) => {
      const all = [...scored.values()].map((sets) => sets[i]);
      const own = model && scored.get(model.name)![i];
      const from = baseline && scored.get(baseline.name)![i];
      return metricsOf(data, metrics).flatMap((metric) =>
        own ? pair(metric, own, model === baseline ? undefined : from, all) : [NOTHING, NOTHING],
      );
    });
    return [label, ...cells, ...(paper ?? paperHeads.map(() => NOTHING))];
  });
  return [
    renderTable(head, lines, "markdown"),
    notes(on, options),
    "± is the standard error of the difference, picture by picture.\n",
    await budgets(
      rows.flatMap(({ model }) => (model?.step === undefined ? [] : [model.name])),
      options,
    ),
  ].join("\n");
}

const metricsOf = ({ paired }: DataSet, metrics: readonly MetricName[]) =>
  metrics.filter((metric) => paired || metric === "niqe");

function heads(data: DataSet, metrics: readonly MetricName[], named: boolean, over: string): string[] {
  const prefix = named ? `${data.name} ` : "";
  return metricsOf(data, metrics).flatMap((metric) => [...[`${prefix}${headOf(metric)}`, `over ${over}`]]);
}

/** The mean, and the difference from the baseline, over the pictures that every model has a value of. */
function pair(metric: MetricName, own: Scores, from: Scores | undefined, all: readonly Scores[]): string[] {
  const whole = common(metric, all);
  if (whole.length === 0) return [NOTHING, NOTHING];
  const [values, others] = [own, from].map((scores) => scores && valuesOf(metric, scores, whole));
  const gain = others ? estimate(pairedDifference(values!, others), METRICS[metric].decimals) : NOTHING;
  return [digits(meanOf(values!), METRICS[metric].decimals), gain];
}
