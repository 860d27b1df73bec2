/** The one writer of tables, for a terminal or in Markdown: cells, and what is said of all of them. */
import { METRICS, type MetricName } from "./metrics/index.js";
import type { Estimate, MethodScore } from "./score.js";

/**
 * Scores as a table, with gains over `baseline` and their standard errors.
 * @param border what metrics that take one were measured without
 */
export function scoreTable(
  scores: readonly MethodScore[],
  metrics: readonly MetricName[],
  { baseline, border, style = "plain" }: { baseline: string; border: number; style?: Style },
): string {
  const gains = metrics.map((metric) => `${METRICS[metric].label.replace("(Y)", "")} over ${baseline}`);
  const head = ["method", ...metrics.map((metric) => METRICS[metric].label), ...gains];
  const rows = scores.map(({ method, mean, gain }) => [
    method,
    ...metrics.map((metric) => valueCell(metric, mean[metric])),
    ...metrics.map((metric) => (method === baseline ? "" : estimate(gain[metric], METRICS[metric].decimals))),
  ]);
  return withNotes(renderTable(head, rows, style), [borderNote(metrics, border)]);
}

export type Style = "plain" | "markdown";

/** A metric's value as a cell; empty where there is none. */
export function valueCell(metric: MetricName, value: number | undefined): string {
  return value === undefined ? "" : digits(value, METRICS[metric].decimals);
}

/** Says what was left out along the edges, and of which metrics; empty where none of them takes a border. */
export function borderNote(metrics: readonly MetricName[], border: number): string {
  const labels = metrics.filter((name) => METRICS[name].takesBorder).map((name) => METRICS[name].label);
  return labels.length === 0 ? "" : `${labels.join(", ")}: ${border} pixels left out along every edge.`;
}

/** A table with lines below it, a paragraph each; empty ones are left out. */
export function withNotes(table: string, notes: readonly string[]): string {
  return table + notes.map((note) => (note === "" ? "" : `\n${note}\n`)).join("");
}

/** The first column is words, the others are numbers. */
export function renderTable(
  head: readonly string[],
  rows: readonly (readonly string[])[],
  style: Style,
): string {
  return style === "markdown" ? markdown(head, rows) : plain(head, rows);
}

function markdown(head: readonly string[], rows: readonly (readonly string[])[]): string {
  const line = (cells: readonly string[]) => `| ${cells.join(" | ")} |\n`;
  return [head, ["---", ...head.slice(1).map(() => "---:")], ...rows].map(line).join("");
}

function plain(head: readonly string[], rows: readonly (readonly string[])[]): string {
  const lines = [head, ...rows];
  const widths = head.map((_, i) => Math.max(...lines.map((cells) => cells[i].length)));
  const line = (cells: readonly string[]) =>
    cells.map((cell, i) => (i === 0 ? cell.padEnd(widths[i]) : cell.padStart(widths[i]))).join("  ");
  return lines.map((cells) => `${line(cells).trimEnd()}\n`).join("");
}

/** A difference with its sign and, where it is known, its standard error. */
export function estimate({ mean, standardError }: Estimate, places: number): string {
  const signed = `${mean >= 0 ? "+" : ""}${digits(mean, places)}`;
  return Number.isFinite(standardError) ? `${signed} ± ${digits(standardError, places)}` : signed;
}

/** A number for a table; infinite ones in words. */
export function digits(value: number, places: number): string {
  return Number.isFinite(value) ? value.toFixed(places) : value > 0 ? "inf" : "-inf";
}
