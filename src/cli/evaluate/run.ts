/**
 * `samsr evaluate`: measures pictures that exist. The table goes to standard output, all else to standard
 * error.
 */

import { unlessAborted } from "../../base/abort.js";
import { SamsrError } from "../../base/errors.js";
import { borderNote, metricColumn } from "../../evaluate/columns.js";
import { evaluateFolder, type FolderEvaluation, type PictureEvaluation } from "../../evaluate/folders.js";
import { createMeasurer } from "../../evaluate/measurer.js";
import { METRICS, type MetricName } from "../../evaluate/metrics/index.js";
import { readPristineModel } from "../../evaluate/niqe/niqe.js";
import { wordColumn, writeTable } from "../../evaluate/table.js";
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
    type Row = PictureEvaluation & { readonly folder: string };
    const rows = folders.flatMap(({ folder, pictures }) => pictures.map((one): Row => ({ folder, ...one })));
    const columns = [
      wordColumn<Row>("folder", ({ folder }) => folder),
      wordColumn<Row>("picture", ({ picture }) => picture),
      ...metrics.map((metric) => metricColumn<Row>(metric, ({ values }) => values[metric], metric)),
    ];
    return writeTable({ columns, rows }, "csv");
  }
  const columns = [
    wordColumn<FolderEvaluation>("folder", ({ folder }) => folder),
    wordColumn<FolderEvaluation>("pictures", ({ pictures }) => String(pictures.length)),
    ...metrics.map((metric) => metricColumn<FolderEvaluation>(metric, ({ mean }) => mean[metric])),
  ];
  const notes = [borderNote(metrics, border)];
  return writeTable({ columns, rows: folders, notes }, markdown ? "markdown" : "plain");
}
