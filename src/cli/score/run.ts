/**
 * `samsr score`: photos are made small by a fixed degradation, enlarged again by every method, and compared
 * with what they were. The table goes to standard output, everything else to standard error.
 */
import { mkdir } from "node:fs/promises";
import { extname, join } from "node:path";
import { unlessAborted } from "../../base/abort.js";
import { metricText, scoreTable } from "../../evaluate/columns.js";
import { borderOf, createMeasurer, type Measurer } from "../../evaluate/measurer.js";
import { BASELINE, checkMethodName, createMethods, methodsFor, needsModel } from "../../evaluate/methods.js";
import { METRICS, type MetricName } from "../../evaluate/metrics/index.js";
import { readPristineModel } from "../../evaluate/niqe/niqe.js";
import { type PhotoResults, scoreMethods } from "../../evaluate/score.js";
import { writeTable } from "../../evaluate/table.js";
import { nearest, strip } from "../../image/drawing/strip.js";
import { encodeToFile, type Raster } from "../../image/index.js";
import { SCALE } from "../../networks/index.js";
import type { Device } from "../../runtime/index.js";
import { mildValidation } from "../../train/data/degrade.js";
import { type ValidationPair, validationPairs } from "../../train/data/validation.js";
import { createUpscaler } from "../../upscale/index.js";
import { findUpscalingModel } from "../../upscale/model.js";
import type { Preset } from "../../upscale/preset-names.js";
import { chooseMetrics } from "../metric-options.js";
import { checkFolder, refuseExisting } from "../outputs.js";
import { UsageError } from "../report.js";
import { createReporter } from "../reporter.js";
import { writeToStdout } from "../streams.js";

export interface ScoreArguments {
  readonly model: string;
  /** Names, separated by commas. */
  readonly methods?: string;
  /** Names, separated by commas, or all. */
  readonly metrics: string;
  readonly niqeModel?: string;
  readonly limit?: number;
  readonly crop?: number;
  readonly seed: number;
  readonly preset?: Preset;
  readonly device: Device | "auto";
  readonly threads?: number;
  /** A folder for strips to look at. */
  readonly pictures?: string;
  /** How many strips at most. */
  readonly strips: number;
  readonly overwrite?: boolean;
  readonly json?: boolean;
  readonly markdown?: boolean;
  readonly quiet?: boolean;
}

/** What is scored, and what a strip shows of it, when nobody names methods. */
const METHODS = [BASELINE, "samsr", "sinsr", "resshift-1", "resshift-15"];
const SHOWN = [BASELINE, "samsr", "resshift-15"];

/**
 * Runs `samsr score`.
 * @returns the exit code, 0
 */
export async function scoreCommand(
  folders: readonly string[],
  options: ScoreArguments,
  signal: AbortSignal,
): Promise<number> {
  const { limit, crop, seed, preset, overwrite, model, device, threads } = options;
  const border = borderOf(preset);
  const names = methodNames(options.methods ?? (await standardMethods(model)));
  const metrics = await chooseMetrics(options.metrics, true);
  const pristine = await readPristineModel(options.niqeModel);
  const shown = options.methods ? names : SHOWN.filter((name) => names.includes(name));
  const pairs = await unlessAborted(validationPairs(folders, { limit, crop }), signal);
  const strips = await stripPaths(pairs, options);
  const reporter = createReporter({ quiet: options.quiet, toStdout: true });

  const upscaler = names.some(needsModel)
    ? await unlessAborted(createUpscaler({ model, device, threads }), signal)
    : undefined;
  let measurer: Measurer | undefined;
  try {
    const open = { metrics, border, pristine, device, threads };
    measurer = await unlessAborted(createMeasurer(open), signal);
    const methods = createMethods(names, upscaler, { seed, preset, signal });
    const setup = {
      degradation: degradationWords(),
      model: upscaler?.model.name,
      device: upscaler?.device,
      seed,
    };
    reporter.say(`${pairs.length} photos; ${setup.degradation}`);
    if (strips.length > 0)
      reporter.say(`pictures, left to right: ${["input", ...shown, "original"].join(", ")}`);

    const onPhoto = async (photo: PhotoResults) => {
      reporter.say(photoLine(photo, pairs.length, metrics[0]));
      if (photo.index >= strips.length) return;
      const picture = drawStrip(photo, shown);
      await encodeToFile(picture, strips[photo.index], { format: "png", overwrite, signal });
    };
    const scores = await scoreMethods(pairs, methods, { measurer, baseline: BASELINE, onPhoto, signal });
    const document = {
      ...setup,
      baseline: BASELINE,
      border,
      metrics,
      photos: pairs.map(({ name }) => name),
      methods: scores,
    };
    const style = options.markdown ? "markdown" : "plain";
    const text = options.json
      ? `${JSON.stringify(document, undefined, 2)}\n`
      : writeTable(scoreTable(scores, metrics, { baseline: BASELINE, border }), style);
    await writeToStdout(text, signal);
  } finally {
    await measurer?.close();
    await upscaler?.close();
  }
  return 0;
}

/** Returns what is compared when nobody names methods. */
async function standardMethods(model: string): Promise<string> {
  return methodsFor((await findUpscalingModel(model)).description, METHODS).join();
}

/**
 * Reads the names of the methods, among which the baseline always is. @throws UsageError for a name that is
 * none
 */
function methodNames(text: string): string[] {
  const names = text.split(",").map((name) => name.trim());
  try {
    names.forEach(checkMethodName);
  } catch (error) {
    throw new UsageError((error as Error).message);
  }
  return [...new Set([BASELINE, ...names])];
}

/** Returns what every photo goes through, in words. */
function degradationWords(): string {
  const { blur, noise, jpeg } = mildValidation;
  return (
    `blur of ${blur.sigma[0]} pixels, bicubic reduction by ${SCALE}, ` +
    `noise of ${noise.sigma[0]} levels, JPEG of quality ${jpeg.quality[0]}`
  );
}

function photoLine({ pair, index, scores }: PhotoResults, count: number, metric: MetricName): string {
  const values = [...scores].map(([name, own]) => `${name} ${metricText(metric, own[metric])}`);
  const unit = metric === "psnr" ? "dB" : METRICS[metric].label;
  return `${index + 1}/${count} ${pair.name}  ${values.join("  ")} ${unit}`;
}

/**
 * Returns the paths of the first photos' strips. @throws SamsrError when a name is taken or cannot be written
 */
async function stripPaths(
  pairs: readonly ValidationPair[],
  { pictures, strips, overwrite }: ScoreArguments,
): Promise<string[]> {
  if (pictures === undefined) return [];
  const paths = pairs.slice(0, strips).map(({ name }, i) => {
    const stem = name.slice(0, name.length - extname(name).length).replaceAll("/", "-");
    return join(pictures, `${String(i + 1).padStart(3, "0")}-${stem}.png`);
  });
  for (const path of paths) {
    await checkFolder(path);
    await refuseExisting(path, overwrite);
  }
  await mkdir(pictures, { recursive: true });
  return paths;
}

/** Draws the small picture with its pixels as squares, what the methods made of it, and the original. */
function drawStrip({ pair, results }: PhotoResults, methods: readonly string[]): Raster {
  return strip([nearest(pair.lq, SCALE), ...methods.map((name) => results.get(name)!), pair.hr]);
}
