/**
 * `samsr upscale`. Everything that can be refused is refused before the network runs; then one upscaler takes
 * the pictures one after the other, while the next one is already being decoded. A picture that fails does
 * not stop the others.
 */
import { lstat, mkdir } from "node:fs/promises";
import { basename, dirname, join } from "node:path";
import { unlessAborted } from "../../base/abort.js";
import { describe } from "../../base/describe.js";
import type { UpscalingModel } from "../../checkpoints/index.js";
import type { InstalledModel } from "../../checkpoints/store/index.js";
import { LockedError, whileLocked } from "../../checkpoints/store/lock.js";
import { type OpenedPicture, openPicture } from "../../image/index.js";
import {
  createUpscaler,
  type EnlargedPicture,
  type Progress,
  type UpscaleInfo,
  type UpscaleOptions,
  type Upscaler,
  upscale,
  upscaleToFile,
} from "../../upscale/index.js";
import { findUpscalingModel } from "../../upscale/model.js";
import { decodingOf, encodingOf, settingsOf } from "../../upscale/words.js";
import { findInputs, type Input, readStandardInput } from "../inputs.js";
import { checkName, chooseDestination, planTargets, type Target, type Targets } from "../outputs.js";
import { printError, UsageError } from "../report.js";
import { createReporter, type Reporter } from "../reporter.js";
import { oneAhead, printJson, say, writeToStdout } from "../streams.js";
import { checkSettings, masksOf, type UpscaleArguments } from "./settings.js";

/**
 * What `--json` prints is an array of these: first words that stand for no file, then the inputs in order.
 */
export interface UpscaleResult {
  input: string;
  /** The path, or "-" for standard output. */
  output?: string;
  width?: number;
  height?: number;
  /** Pages or frames that were written, where they are more than one. */
  pages?: number;
  /** What the input or the result has lost, where anything. */
  warnings?: readonly string[];
  /** From the decoded picture to the written file. */
  milliseconds?: number;
  info?: UpscaleInfo;
  /** The output existed and was left as it is, or another process is making it. */
  skipped?: true;
  error?: string;
}

interface Job {
  readonly input: Input;
  readonly result: UpscaleResult;
  target?: Target;
  /** The upscaler has begun with it. */
  begun?: true;
}

/** What all jobs share. */
interface Batch {
  readonly options: UpscaleArguments;
  readonly model: InstalledModel<UpscalingModel>;
  readonly targets: Targets;
  readonly reporter: Reporter;
  readonly signal: AbortSignal;
}

const stages: Record<Progress["stage"], string> = {
  latents: "encoding tiles",
  masks: "finding masks",
  noise: "drawing noise",
  denoise: "denoising tiles",
  tiles: "tiles",
  resample: "resampling",
  encode: "writing",
};

/** @returns the exit code: 0, or 1 when a picture failed */
export async function upscaleCommand(
  words: readonly string[],
  options: UpscaleArguments,
  signal: AbortSignal,
): Promise<number> {
  const found = await findInputs(words, options);
  const destination = await chooseDestination(options.out, found, options.format);
  checkName(options, destination);
  const toStdout = destination.kind === "stdout";
  if (toStdout && options.json) {
    throw new UsageError("--json and the picture cannot both go to standard output; give -o a file");
  }
  const model = await findUpscalingModel(options.model);
  await checkSettings(options, model.description);

  const reporter = createReporter({ ...options, toStdout });
  const missing = found.failures.map(({ name, error }) => {
    const result: UpscaleResult = { input: name };
    reporter.fail(result, error);
    return result;
  });
  const jobs = found.inputs.map((input): Job => ({ input, result: { input: input.name } }));
  const targets = await planTargets({ ...options, destination, inputs: found.inputs });
  const batch: Batch = { options, model, targets, reporter, signal };
  await runAll(await claimTargets(jobs, batch), batch);

  const results = [...missing, ...jobs.map(({ result }) => result)];
  if (options.json) printJson(results);
  const failed = results.filter(({ error }) => error !== undefined);
  if (failed.length > 0 && results.length > 1 && !signal.aborted) {
    const names = failed.map(({ input }) => input).join(", ");
    say(`samsr: ${failed.length} of ${results.length} failed: ${names}`);
  }
  return failed.length > 0 ? 1 : 0;
}

/** The jobs that there is something to do for, after refusing and skipping what names alone decide. */
async function claimTargets(jobs: readonly Job[], { targets, reporter }: Batch): Promise<Job[]> {
  const due: Job[] = [];
  for (const job of jobs) {
    try {
      job.target = await targets.claim(job.input);
      if (job.target?.skip) skip(job, reporter);
      else due.push(job);
    } catch (error) {
      reporter.fail(job.result, error);
    }
  }
  return due;
}

function skip({ result, target }: Job, reporter: Reporter, why = "exists already"): void {
  Object.assign(result, { output: target?.path, skipped: true });
  reporter.say(`${result.input}: skipped, ${target?.path} ${why}`);
}

async function runAll(jobs: readonly Job[], batch: Batch): Promise<void> {
  if (jobs.length === 0) return;
  const { reporter, signal } = batch;
  let upscaler = openUpscaler(batch);
  let count = 0;
  try {
    for await (const [job, prepared] of oneAhead(jobs, (job) => prepare(job, batch))) {
      signal.throwIfAborted();
      count++;
      if ("error" in prepared) {
        reporter.fail(job.result, prepared.error);
      } else if (job.target?.skip) {
        skip(job, reporter);
      } else {
        reporter.bar.file(job.input.name, jobs.length > 1 ? `${count}/${jobs.length}` : "");
        const opened = await unlessAborted(upscaler, signal);
        const failure = await runUnlessMade(job, () => run(job, prepared, opened, batch), batch).then(
          () => undefined,
          (error) => ({ error }),
        );
        signal.throwIfAborted();
        if (failure === undefined) continue;
        reporter.fail(job.result, failure.error);
        if (!job.begun) continue;
        // It may be the thread that failed, and the next picture shall not suffer for it.
        await opened.close();
        upscaler = openUpscaler(batch);
      }
    }
  } catch (error) {
    // No model, or an abort: nothing that is left can be done.
    const left = jobs.filter(({ result }) => !result.output && !result.error);
    for (const { result } of left) result.error = signal.aborted ? "interrupted" : describe(error);
    reporter.bar.clear();
    if (!signal.aborted) printError(error);
  } finally {
    reporter.bar.clear();
    await upscaler.then((opened) => opened.close()).catch(() => {});
  }
}

/** Starts loading the model. Its failure waits until somebody asks. */
function openUpscaler({ options, model }: Batch): Promise<Upscaler> {
  const { device, threads, sam, coverage, cache } = options;
  const upscaler = createUpscaler({ model, device, threads, sam, coverage, cache });
  upscaler.catch(() => {});
  return upscaler;
}

/**
 * Leaves a picture to another process that works in the same folder, where existing results are to be left:
 * one that has made it meanwhile, or is about to.
 */
async function runUnlessMade(
  job: Job,
  work: () => Promise<void>,
  { options, signal, reporter }: Batch,
): Promise<void> {
  const path = job.target?.path;
  if (path === undefined || !options.skipExisting) return work();
  await mkdir(dirname(path), { recursive: true });
  const claim = join(dirname(path), `.${basename(path)}.lock`);
  try {
    await whileLocked(claim, path, signal, async () => {
      if (await isThere(path)) skip(job, reporter);
      else await work();
    });
  } catch (error) {
    if (error instanceof LockedError) skip(job, reporter, "is being made by another samsr");
    else if (!job.result.output && (await isThere(path))) skip(job, reporter);
    else throw error;
  }
}

function isThere(path: string): Promise<boolean> {
  return lstat(path).then(
    () => true,
    () => false,
  );
}

/** Decodes, and settles what only the file itself can tell. */
async function prepare(
  job: Job,
  { options, targets, signal }: Batch,
): Promise<OpenedPicture | { error: unknown }> {
  try {
    const source = job.input.path ?? (await readStandardInput(signal));
    const picture = await openPicture(source, { ...decodingOf(options), name: job.input.name, signal });
    job.target ??= await targets.claim(job.input, picture.metadata);
    return picture;
  } catch (error) {
    return { error };
  }
}

async function run(job: Job, picture: OpenedPicture, upscaler: Upscaler, batch: Batch): Promise<void> {
  const { options, reporter, signal } = batch;
  const begun = performance.now();
  const { path, format } = job.target!;
  const asked = {
    ...{ ...settingsOf(options), ...decodingOf(options), ...encodingOf(options) },
    ...{ masks: masksOf(options), upscaler, format, signal },
    onProgress(progress: Progress) {
      job.begun = true;
      reporter.bar.update({ ...progress, stage: stages[progress.stage] });
    },
  };
  const { width, height, pages, info, warnings } =
    path === undefined
      ? await toStandardOutput(picture, asked)
      : await upscaleToFile(picture, path, { ...asked, overwrite: options.overwrite });
  const milliseconds = Math.round(performance.now() - begun);
  const more = { ...(pages > 1 && { pages }), ...(warnings.length > 0 && { warnings }) };
  Object.assign(job.result, { output: path ?? "-", width, height, milliseconds, info, ...more });
  for (const warning of warnings) reporter.warn(job.input.name, warning);
  const seconds = (milliseconds / 1000).toFixed(1);
  const size = `${width} x ${height}${pages > 1 ? `, ${pages} ${picture.animation ? "frames" : "pages"}` : ""}`;
  reporter.say(`${job.input.name} -> ${path ?? "standard output"}  ${size}, ${seconds} s`);
}

async function toStandardOutput(
  picture: OpenedPicture,
  options: UpscaleOptions & { readonly signal: AbortSignal },
): Promise<EnlargedPicture> {
  const { data, ...enlarged } = await upscale(picture, options);
  await writeToStdout(data, options.signal);
  return enlarged;
}
