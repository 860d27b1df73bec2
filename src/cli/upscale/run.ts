/**
 * `samsr upscale`. Everything that can be refused is refused before the network runs; then one upscaler takes
 * the pictures one after the other, while the next one is already being decoded. A picture that fails does not
 * stop the others.
 */
import { mkdir } from "node:fs/promises";
import { dirname } from "node:path";
import { SamsrError } from "../../base/errors.js";
import { checkEncodable, decode, encode, encodeToFile, type Picture } from "../../image/index.js";
import { createUpscaler, type Progress, type UpscaleInfo, type Upscaler } from "../../upscale/index.js";
import { findUpscalingModel } from "../../upscale/model.js";
import { enlargedSize } from "../../upscale/settings.js";
import { findInputs, type Input, readStandardInput } from "../inputs.js";
import { chooseDestination, planTargets, type Target, type Targets } from "../outputs.js";
import { describe, oneLine, printError, UsageError } from "../report.js";
import { createReporter, type Reporter } from "../reporter.js";
import { oneAhead, unlessAborted, writeToStdout } from "../streams.js";
import { checkSettings, settingsFor, type UpscaleArguments } from "./settings.js";

/** What `--json` prints is an array of these: first words that stand for no file, then the inputs in order. */
export interface UpscaleResult {
  input: string;
  /** The path, or "-" for standard output. */
  output?: string;
  width?: number;
  height?: number;
  /** From the decoded picture to the written file. */
  milliseconds?: number;
  info?: UpscaleInfo;
  /** The output existed and was left as it is. */
  skipped?: true;
  error?: string;
}

interface Job {
  input: Input;
  result: UpscaleResult;
  target?: Target;
}

/** What all jobs share. */
interface Batch {
  options: UpscaleArguments;
  targets: Targets;
  reporter: Reporter;
  signal: AbortSignal;
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
  const toStdout = destination.kind === "stdout";
  if (toStdout && options.json) {
    throw new UsageError("--json and the picture cannot both go to standard output; give -o a file");
  }
  await checkSettings(options, (await findUpscalingModel(options.model)).description);

  const reporter = createReporter({ ...options, toStdout });
  const missing = found.failures.map(({ name, error }) => {
    const result: UpscaleResult = { input: name };
    reporter.fail(result, error);
    return result;
  });
  const jobs = found.inputs.map((input): Job => ({ input, result: { input: input.name } }));
  const targets = await planTargets({ ...options, destination, inputs: found.inputs });
  const batch: Batch = { options, targets, reporter, signal };
  await runAll(await claimTargets(jobs, batch), batch);

  const results = [...missing, ...jobs.map(({ result }) => result)];
  if (options.json)
    await writeToStdout(`${JSON.stringify(results, undefined, 2)}\n`, new AbortController().signal);
  const failed = results.filter(({ error }) => error !== undefined);
  if (failed.length > 0 && results.length > 1 && !signal.aborted) {
    const names = failed.map(({ input }) => input).join(", ");
    process.stderr.write(`samsr: ${failed.length} of ${results.length} failed: ${names}\n`);
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

function skip({ result, target }: Job, reporter: Reporter): void {
  Object.assign(result, { output: target?.path, skipped: true });
  reporter.say(`${result.input}: skipped, ${target?.path} exists already`);
}

async function runAll(jobs: readonly Job[], batch: Batch): Promise<void> {
  if (jobs.length === 0) return;
  const { options, reporter, signal } = batch;
  let upscaler = openUpscaler(options);
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
        const failure = await run(job, prepared, opened, batch).then(
          () => undefined,
          (error) => ({ error }),
        );
        signal.throwIfAborted();
        if (failure === undefined) continue;
        reporter.fail(job.result, failure.error);
        // It may be the thread that failed, and the next picture shall not suffer for it.
        await opened.close();
        upscaler = openUpscaler(options);
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
function openUpscaler({ model, device, threads, sam, cache }: UpscaleArguments): Promise<Upscaler> {
  const upscaler = createUpscaler({ model, device, threads, sam, cache }).catch((error) => {
    if (error instanceof SamsrError) throw error;
    const reason = oneLine((error as Error).message);
    throw new SamsrError(`the model ${model} cannot be used (${reason}); install it again`, { cause: error });
  });
  upscaler.catch(() => {});
  return upscaler;
}

/** Decodes, and settles what only the file itself can tell. */
async function prepare(job: Job, batch: Batch): Promise<Picture | { error: unknown }> {
  const { options, targets, signal } = batch;
  try {
    const source = job.input.path ?? (await readStandardInput(signal));
    const picture = await decode(source, { name: job.input.name, pixelLimit: options.pixelLimit });
    job.target ??= await targets.claim(job.input, picture.metadata.format);
    const size = enlargedSize(picture.raster, options.scale);
    if (!job.target?.skip) checkEncodable(size, { format: job.target!.format, quality: options.quality });
    return picture;
  } catch (error) {
    return { error };
  }
}

async function run(job: Job, picture: Picture, upscaler: Upscaler, batch: Batch): Promise<void> {
  const { options, reporter, signal } = batch;
  const begun = performance.now();
  const settings = await settingsFor(options, picture.raster, upscaler.model);
  const onProgress = (progress: Progress) =>
    reporter.bar.update({ ...progress, stage: stages[progress.stage] });
  const { raster, info } = await upscaler.upscale(picture.raster, settings, { onProgress, signal });

  onProgress({ stage: "encode", done: 0, total: 1 });
  const { path, format } = job.target!;
  const encoding = { format, quality: options.quality, metadata: picture.metadata };
  if (path === undefined) {
    await writeToStdout(await unlessAborted(encode(raster, encoding), signal), signal);
  } else {
    await mkdir(dirname(path), { recursive: true });
    await encodeToFile(raster, path, { ...encoding, overwrite: options.overwrite, signal });
  }
  const milliseconds = Math.round(performance.now() - begun);
  const { width, height } = raster;
  Object.assign(job.result, { output: path ?? "-", width, height, milliseconds, info });
  const seconds = (milliseconds / 1000).toFixed(1);
  reporter.say(`${job.input.name} -> ${path ?? "standard output"}  ${width} x ${height}, ${seconds} s`);
}
