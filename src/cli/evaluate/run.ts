/**
 * `samsr evaluate`: measures pictures that exist. The table goes to standard output, all else to standard
 * error.
 */
import { SamsrError } from "../../base/errors.js";
import { evaluateFolder, type FolderEvaluation } from "../../evaluate/folders.js";
import { METRIC_NAMES, METRICS, type MetricName } from "../../evaluate/metrics/index.js";
import { readPristineModel } from "../../evaluate/niqe/niqe.js";
import { digits, renderTable } from "../../evaluate/table.js";
import { printError, UsageError } from "../report.js";
import { createReporter } from "../reporter.js";
import { writeToStdout } from "../streams.js";

export interface EvaluateArguments {
  pred: readonly string[];
  ref?: string;
  /** Names, separated by commas. */
  metrics?: string;
  border: number;
  niqeModel?: string;
  json?: boolean;
  csv?: boolean;
  markdown?: boolean;
  quiet?: boolean;
}

/** @returns the exit code: 0, or 1 when a picture could not be measured */
export async function evaluateCommand(options: EvaluateArguments, signal: AbortSignal): Promise<number> {
  const { pred, ref: reference, border } = options;
  const metrics = chooseMetrics(options);
  const reporter = createReporter({ quiet: options.quiet, toStdout: true });
  const pristine = await readPristineModel(options.niqeModel);
  if (metrics.includes("niqe")) reporter.say(`NIQE against ${pristine.source}`);

  const folders: FolderEvaluation[] = [];
  for (const folder of pred) {
    const onPicture = ({ picture }: { picture: string }) => reporter.bar.file(picture, folder);
    const result = await evaluateFolder(folder, { metrics, reference, border, pristine, onPicture, signal });
    reporter.bar.clear();
    for (const { picture, reason } of result.failures)
      printError(new SamsrError(reason), `${folder}/${picture}`);
    folders.push(result);
  }
  await writeToStdout(render(folders, metrics, options), signal);
  return folders.some(({ failures }) => failures.length > 0) ? 1 : 0;
}

/** @throws UsageError for a name that is none, or a metric that needs the originals which are not given */
function chooseMetrics({ metrics, ref }: EvaluateArguments): MetricName[] {
  if (metrics === undefined)
    return METRIC_NAMES.filter((name) => ref !== undefined || !METRICS[name].needsReference);
  const names = [...new Set(metrics.split(",").map((name) => name.trim()))];
  for (const name of names) {
    if (!METRIC_NAMES.includes(name as MetricName)) {
      throw new UsageError(`there is no metric "${name}"; there are ${METRIC_NAMES.join(", ")}`);
    }
    if (ref === undefined && METRICS[name as MetricName].needsReference) {
      throw new UsageError(`${name} compares with originals; give their folder with --ref`);
    }
  }
  return names as MetricName[];
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
    ...metrics.map((metric) =>
      mean[metric] === undefined ? "" : digits(mean[metric], METRICS[metric].decimals),
    ),
  ]);
  const head = ["folder", "pictures", ...metrics.map((metric) => METRICS[metric].label)];
  return renderTable(head, rows, markdown ? "markdown" : "plain");
}

/** A field of CSV (RFC 4180). */
function quoted(text: string): string {
  return /[",\r\n]/.test(text) ? `"${text.replaceAll('"', '""')}"` : text;
}
