/**
 * `samsr evaluate`: measures pictures that exist. The table goes to standard output, all else to standard
 * error.
 */

import { unlessAborted } from "../../base/abort.js";
import { SamsrError } from "../../base/errors.js";
import { evaluateFolder, type FolderEvaluation } from "../../evaluate/folders.js";
import { createMeasurer } from "../../evaluate/measurer.js";
import { METRICS, type MetricName } from "../../evaluate/metrics/index.js";
import { readPristineModel } from "../../evaluate/niqe/niqe.js";
import { borderNote, renderTable, valueCell, withNotes } from "../../evaluate/table.js";
import type { Device } from "../../runtime/index.js";
import { chooseMetrics } from "../metric-options.js";
import { printError } from "../report.js";
import { createReporter } from "../reporter.js";
import { writeToStdout } from "../streams.js";

export interface EvaluateArguments {
  readonly pred: readonly string[];
  readonly ref?: string;
  /** Names, separated by commas, or all. */
  readonly metrics?: string;
  readonly border: number;
  readonly niqeModel?: string;
  readonly device: Device | "auto";
  readonly threads?: number;
  readonly json?: boolean;
  readonly csv?: boolean;
  readonly markdown?: boolean;
  readonly quiet?: boolean;
}

/**
 * Runs `samsr evaluate`.
 * @returns the exit code: 0, or 1 when a picture could not be measured
 */
export async function evaluateCommand(options: EvaluateArguments, signal: AbortSignal): Promise<number> {
  const { pred, ref: reference, border, device, threads } = options;
  const metrics = await chooseMetrics(options.metrics, reference !== undefined);
  const reporter = createReporter({ quiet: options.quiet, toStdout: true });
  const pristine = await readPristineModel(options.niqeModel);
  if (metrics.includes("niqe")) reporter.say(`NIQE against ${pristine.source}`);

  const opening = createMeasurer({ metrics, border, pristine, device, threads });
  const measurer = await unlessAborted(opening, signal);
  const folders: FolderEvaluation[] = [];
  try {
    for (const folder of pred) {
      reporter.bar.file(folder, "");
      const onProgress = ({ done, total, metric }: { done: number; total: number; metric: MetricName }) =>
        reporter.bar.update({ stage: METRICS[metric].label, done, total });
      const result = await evaluateFolder(folder, { measurer, reference, onProgress, signal });
      reporter.bar.clear();
      for (const { picture, reason } of result.failures)
        printError(new SamsrError(reason), `${folder}/${picture}`);
      folders.push(result);
    }
  } finally {
    reporter.bar.clear();
    await measurer.close();
  }
  await writeToStdout(render(folders, metrics, options), signal);
  return folders.some(({ failures }) => failures.length > 0) ? 1 : 0;
}

function render(
  folders: readonly FolderEvaluation[],
  metrics: readonly MetricName[],
  { json, csv, markdown, border }: EvaluateArguments,
): string {
  if (json) return `${JSON.stringify({ border, metrics, folders }, undefined, 2)}\n`;
  if (csv) {
    const rows = folders.flatMap(({ folder, pictures }) =>
      pictures.map(({ picture, values }) => [
        folder,
        picture,
        ...metrics.map((metric) => String(values[metric])),
      ]),
    );
    return [["folder", "picture", ...metrics], ...rows]
      .map((row) => `${row.map(quoted).join(",")}\n`)
      .join("");
  }
  const rows = folders.map(({ folder, pictures, mean }) => [
    folder,
    String(pictures.length),
    ...metrics.map((metric) => valueCell(metric, mean[metric])),
  ]);
  const head = ["folder", "pictures", ...metrics.map((metric) => METRICS[metric].label)];
  const table = renderTable(head, rows, markdown ? "markdown" : "plain");
  return withNotes(table, [borderNote(metrics, border)]);
}

/** Returns a field of CSV (RFC 4180). */
function quoted(text: string): string {
  return /[",\r\n]/.test(text) ? `"${text.replaceAll('"', '""')}"` : text;
}
