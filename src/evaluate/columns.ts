/** Columns of metrics: means, what one method has over another, and the paper's figures beside ours. */
import { METRICS, type MetricName } from "./metrics/index.js";
import type { Estimate, MethodScore } from "./score.js";
import { type Column, type Figure, figureText, type Table, wordColumn } from "./table.js";

/** Returns a metric's value as a figure; undefined where there is none. */
export function metricFigure(metric: MetricName, value: number | undefined): Figure | undefined {
  return value === undefined ? undefined : { value, places: METRICS[metric].decimals };
}

/** Returns a metric's value in words; empty where there is none. */
export function metricText(metric: MetricName, value: number | undefined): string {
  const figure = metricFigure(metric, value);
  return figure ? figureText(figure) : "";
}

/** Returns a difference by a metric, with its standard error, as a figure. */
function gainFigure(metric: MetricName, { mean, standardError }: Estimate): Figure {
  return { value: mean, places: METRICS[metric].decimals, signed: true, error: standardError };
}

/** Returns a difference by a metric, with its standard error, in words. */
export function gainText(metric: MetricName, gain: Estimate): string {
  return figureText(gainFigure(metric, gain));
}

/** A metric's name as the paper has it: without the channel that it is taken of. */
export const paperHead = (metric: MetricName): string => METRICS[metric].label.replace("(Y)", "");

/** Returns a column of a metric's values. @param head default: the metric's name */
export function metricColumn<Row>(
  metric: MetricName,
  of: (row: Row) => number | undefined,
  head = METRICS[metric].label,
): Column<Row> {
  return { head, cell: (row) => metricFigure(metric, of(row)) };
}

/** Returns a column of what rows have over one of them; empty for that one. */
export function gainColumn<Row>(
  metric: MetricName,
  head: string,
  gainOf: (row: Row) => Estimate | undefined,
): Column<Row> {
  return {
    head,
    cell(row) {
      const gain = gainOf(row);
      return gain && gainFigure(metric, gain);
    },
  };
}

/**
 * Makes two columns: the paper's figure as it is printed, and ours less it.
 * @param printed the paper's figure of a row
 * @param ours our own, not rounded
 */
export function paperColumns<Row>(
  metric: MetricName,
  printed: (row: Row) => string | undefined,
  ours: (row: Row) => number | undefined,
): Column<Row>[] {
  const difference = (row: Row): Figure | undefined => {
    const [value, figure] = [ours(row), printed(row)];
    if (value === undefined || figure === undefined) return undefined;
    return { value: value - Number(figure), places: METRICS[metric].decimals, signed: true };
  };
  return [wordColumn("paper", printed), { head: "difference", cell: difference }];
}

/** Says what was left out along the edges, and of which metrics; empty where none of them takes a border. */
export function borderNote(metrics: readonly MetricName[], border: number): string {
  const labels = metrics.filter((name) => METRICS[name].takesBorder).map((name) => METRICS[name].label);
  return labels.length === 0 ? "" : `${labels.join(", ")}: ${border} pixels left out along every edge.`;
}

/**
 * Scores as a table, with gains over `baseline` and their standard errors.
 * @param border what metrics that take one were measured without
 */
export function scoreTable(
  scores: readonly MethodScore[],
  metrics: readonly MetricName[],
  { baseline, border }: { readonly baseline: string; readonly border: number },
): Table<MethodScore> {
  return {
    columns: [
      wordColumn("method", ({ method }) => method),
      ...metrics.map((metric) => metricColumn<MethodScore>(metric, ({ mean }) => mean[metric])),
      ...metrics.map((metric) =>
        gainColumn<MethodScore>(metric, `${paperHead(metric)} over ${baseline}`, ({ method, gain }) =>
          method === baseline ? undefined : gain[metric],
        ),
      ),
    ],
    rows: scores,
    notes: [borderNote(metrics, border)],
  };
}
