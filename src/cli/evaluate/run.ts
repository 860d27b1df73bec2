/** `samsr evaluate`: measures pictures that exist. The table goes to standard output, all else to standard error. */
import { SamsrError } from "../../base/errors.js";
import {
  evaluateFolder,
  type FolderEvaluation,
  METRICS,
  type Metric,
  needsReference,
} from "../../evaluate/folders.js";
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

export const HEADS: Record<Metric, string> = { psnr: "PSNR(Y)", ssim: "SSIM(Y)", niqe: "NIQE" };
export const PLACES: Record<Metric, number> = { psnr: 2, ssim: 4, niqe: 3 };

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
function chooseMetrics({ metrics, ref }: EvaluateArguments): Metric[] {
  if (metrics === undefined) return METRICS.filter((metric) => ref !== undefined || !needsReference(metric));
  const names = [...new Set(metrics.split(",").map((name) => name.trim()))];
  for (const name of names) {
    if (!METRICS.includes(name as Metric)) {
      throw new UsageError(`there is no metric "${name}"; there are ${METRICS.join(", ")}`);
    }
    if (ref === undefined && needsReference(name as Metric)) {
      throw new UsageError(`${name} compares with originals; give their folder with --ref`);
    }
  }
  return names as Metric[];
}

function render(
  folders: readonly FolderEvaluation[],
  metrics: readonly Metric[],
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
    ...metrics.map((metric) => (mean[metric] === undefined ? "" : digits(mean[metric], PLACES[metric]))),
  ]);
  const head = ["folder", "pictures", ...metrics.map((metric) => HEADS[metric])];
  return renderTable(head, rows, markdown ? "markdown" : "plain");
}

/** A field of CSV (RFC 4180). */
function quoted(text: string): string {
  return /[",\r\n]/.test(text) ? `"${text.replaceAll('"', '""')}"` : text;
}
