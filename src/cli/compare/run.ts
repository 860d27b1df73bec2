/** `samsr compare`: several methods on a folder; the results, a table of them and a page to look at. */
import { mkdir } from "node:fs/promises";
import { dirname, join, relative, sep } from "node:path";
import { unlessAborted } from "../../base/abort.js";
import { SamsrError } from "../../base/errors.js";
import { isPlainName } from "../../base/plain-name.js";
import { borderNote, metricColumn, metricText } from "../../evaluate/columns.js";
import { comparePicture, givenResults, meansOf, type Outcome } from "../../evaluate/compare.js";
import { type GalleryPicture, galleryPage } from "../../evaluate/gallery.js";
import { borderOf, createMeasurer, type Measurer } from "../../evaluate/measurer.js";
import { checkMethodName, createMethods, methodsFor, needsModel } from "../../evaluate/methods.js";
import { METRICS, type MetricName } from "../../evaluate/metrics/index.js";
import { picturesByStem, stemOf } from "../../evaluate/names.js";
import { readPristineModel } from "../../evaluate/niqe/niqe.js";
import type { EnlargeMethod } from "../../evaluate/score.js";
import { type TableFormat, wordColumn, writeTable } from "../../evaluate/table.js";
import { encodeToFile, writeFileAtomically } from "../../image/index.js";
import type { Device } from "../../runtime/index.js";
import { decodeRgb, listImages, spread } from "../../train/data/photos.js";
import { createUpscaler } from "../../upscale/index.js";
import { findUpscalingModel } from "../../upscale/model.js";
import type { Preset } from "../../upscale/preset-names.js";
import { chooseMetrics } from "../metric-options.js";
import { checkFolder, refuseExisting } from "../outputs.js";
import { printError, UsageError } from "../report.js";
import { createReporter } from "../reporter.js";
import { writeToStdout } from "../streams.js";

export interface CompareArguments {
  readonly out: string;
  /** Names, separated by commas; left out, {@link METHODS}, as far as the model is one of them. */
  readonly methods?: string;
  /** Folders of results by other means, each as name=folder. */
  readonly with?: readonly string[];
  readonly ref?: string;
  /** Names, separated by commas, or all. */
  readonly metrics?: string;
  readonly niqeModel?: string;
  readonly limit?: number;
  readonly model: string;
  readonly seed: number;
  readonly preset?: Preset;
  readonly device: Device | "auto";
  readonly threads?: number;
  readonly overwrite?: boolean;
  readonly quiet?: boolean;
}

/** What is compared when nobody names methods. */
const METHODS = ["bicubic", "samsr", "sinsr"];

/** What lies in the folder of results beside those of the methods. */
const OWN_FILES = ["index.html", "scores.json", "scores.md"];

/**
 * Runs `samsr compare`.
 * @returns the exit code: 0, or 1 when a method failed on a picture
 */
export async function compareCommand(
  folders: readonly string[],
  options: CompareArguments,
  signal: AbortSignal,
): Promise<number> {
  const { out, ref, limit, seed, preset, overwrite, model, device, threads } = options;
  const border = borderOf(preset);
  const names = options.methods === undefined ? await standardMethods(model) : ownMethods(options.methods);
  const given = givenFolders(options.with ?? [], names);
  const found = (await Promise.all(folders.map(listImages))).flat();
  const inputs = spread(found, limit ?? Number.POSITIVE_INFINITY);
  if (inputs.length === 0)
    throw new SamsrError(`${folders.join(", ")}: expected pictures in or below this folder`);
  const originals = ref === undefined ? undefined : await picturesByStem(ref);
  const metrics = await chooseMetrics(options.metrics, ref !== undefined);
  const pristine = await readPristineModel(options.niqeModel);
  const page = join(out, "index.html");
  await checkFolder(page);
  await refuseExisting(page, overwrite);

  const reporter = createReporter({ quiet: options.quiet, toStdout: true });
  const upscaler = names.some(needsModel)
    ? await unlessAborted(createUpscaler({ model, device, threads }), signal)
    : undefined;
  const rows: Map<string, Outcome>[] = [];
  const shown: GalleryPicture[] = [];
  const used: string[] = [];
  let failed = false;
  let measurer: Measurer | undefined;
  try {
    measurer = await unlessAborted(createMeasurer({ metrics, border, pristine, device, threads }), signal);
    let current = "";
    const methods: Map<string, EnlargeMethod> = createMethods(names, upscaler, { seed, preset, signal });
    for (const [name, folder] of given) methods.set(name, await givenResults(folder, () => current));
    for (const [i, { path, name }] of inputs.entries()) {
      reporter.bar.file(name, `${i + 1}/${inputs.length}`);
      current = stemOf(name);
      const original = originals?.get(current);
      const lq = await decodeRgb(path).catch(() => undefined);
      if (lq === undefined) {
        failed = true;
        printError(new SamsrError(`${path}: cannot be read as a picture; it is left out`));
        continue;
      }
      used.push(name);
      const compared = original === undefined ? undefined : await decodeRgb(original);
      const row = await comparePicture(lq, compared, methods, { measurer, signal });
      rows.push(row);
      shown.push(await writeRow(row, name, { out, overwrite, signal }));
      reporter.bar.clear();
      for (const [method, outcome] of row) {
        if (!("reason" in outcome)) continue;
        failed = true;
        printError(new SamsrError(`${name} by ${method}: ${outcome.reason}`));
      }
    }
  } finally {
    reporter.bar.clear();
    await measurer?.close();
    await upscaler?.close();
  }
  const table = await writeTables(rows, used, metrics, options);
  const html = galleryPage(`${[...names, ...given.keys()].join(", ")}`, table, shown);
  await writeFileAtomically(page, new TextEncoder().encode(html), { overwrite });
  await writeToStdout(table, signal);
  reporter.say(page);
  return failed ? 1 : 0;
}

async function standardMethods(model: string): Promise<string[]> {
  return methodsFor((await findUpscalingModel(model)).description, METHODS);
}

function ownMethods(text: string): string[] {
  const names = [...new Set(text.split(",").map((name) => name.trim()))].filter((name) => name !== "");
  try {
    names.forEach(checkMethodName);
  } catch (error) {
    throw new UsageError((error as Error).message);
  }
  return names;
}

function givenFolders(words: readonly string[], taken: readonly string[]): Map<string, string> {
  const folders = new Map<string, string>();
  for (const word of words) {
    const [, name, folder] = /^([\w.+-]+)=(.+)$/.exec(word) ?? [];
    if (name === undefined) throw new UsageError(`--with ${word}: expected NAME=FOLDER`);
    // It becomes a folder beside the page and the tables.
    if (!isPlainName(name) || OWN_FILES.includes(name))
      throw new UsageError(`--with ${word}: "${name}" cannot be a folder's name here; choose another`);
    if (taken.includes(name) || folders.has(name))
      throw new UsageError(`--with ${word}: ${name} is there twice`);
    folders.set(name, folder);
  }
  return folders;
}

/** Writes what the methods made of one picture. */
async function writeRow(
  row: ReadonlyMap<string, Outcome>,
  name: string,
  { out, overwrite, signal }: { out: string; overwrite?: boolean; signal: AbortSignal },
): Promise<GalleryPicture> {
  const results = new Map<string, { source: string; figures: string }>();
  let size = { width: 1, height: 1 };
  for (const [method, outcome] of row) {
    if ("reason" in outcome) continue;
    const path = join(out, method, `${stemOf(name)}.png`);
    await mkdir(dirname(path), { recursive: true });
    await encodeToFile(outcome.picture, path, { format: "png", overwrite, signal });
    size = outcome.picture;
    const figures = Object.entries(outcome.values).map(([name, value]) => {
      const metric = name as MetricName;
      return `${METRICS[metric].label} ${metricText(metric, value)}`;
    });
    results.set(method, { source: relative(out, path).split(sep).join("/"), figures: figures.join("  ") });
  }
  return { name, width: size.width, height: size.height, results };
}

/** Writes scores.json and scores.md. @returns the table in plain text */
async function writeTables(
  rows: readonly ReadonlyMap<string, Outcome>[],
  pictures: readonly string[],
  metrics: readonly MetricName[],
  { out, overwrite, preset }: CompareArguments,
): Promise<string> {
  const border = borderOf(preset);
  const means = meansOf(rows, metrics);
  const measured = metrics.filter((metric) => [...means.values()].some((own) => own[metric] !== undefined));
  const document = {
    border,
    means: Object.fromEntries(means),
    pictures: rows.map((row, i) => ({
      picture: pictures[i],
      methods: Object.fromEntries(
        [...row].map(([method, o]) => [method, "values" in o ? o.values : { error: o.reason }]),
      ),
    })),
  };
  const write = (name: string, text: string) =>
    writeFileAtomically(join(out, name), new TextEncoder().encode(text), { overwrite });
  await mkdir(out, { recursive: true });
  await write("scores.json", `${JSON.stringify(document, undefined, 2)}\n`);
  type Row = typeof means extends Map<infer K, infer V> ? readonly [K, V] : never;
  const columns = [
    wordColumn<Row>("method", ([method]) => method),
    ...measured.map((metric) => metricColumn<Row>(metric, ([, own]) => own[metric]?.mean)),
  ];
  const notes = [borderNote(measured, border)];
  const table = (format: TableFormat) => writeTable({ columns, rows: [...means], notes }, format);
  await write("scores.md", table("markdown"));
  return table("plain");
}
