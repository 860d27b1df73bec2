/**
 * The pictures of `samsr upscale`, each on its way from file to file, so that no core waits: while one is in
 * the network, the one after it is decoded and the one before it is encoded. What is said of them is said in
 * their order, and a picture that fails does not stop the others.
 */
import { lstat, mkdir } from "node:fs/promises";
import { basename, dirname, join } from "node:path";
import { unlessAborted } from "../../base/abort.js";
import { describe } from "../../base/describe.js";
import { LockedError, whileLocked } from "../../base/lock.js";
import { oneAhead } from "../../base/promises.js";
import type { UpscalingModel } from "../../checkpoints/index.js";
import type { InstalledModel } from "../../checkpoints/store/index.js";
import { type OpenedPicture, openPicture } from "../../image/index.js";
import {
  createUpscaler,
  type EnlargedPicture,
  type Progress,
  type UpscaleInfo,
  type UpscaleOptions,
  type Upscaler,
  upscale,
} from "../../upscale/index.js";
import { enlargeForFile } from "../../upscale/upscale.js";
import { decodingOf, encodingOf, settingsOf } from "../../upscale/words.js";
import { type Input, readStandardInput } from "../inputs.js";
import type { Target, Targets } from "../outputs.js";
import { printError } from "../report.js";
import type { Reporter } from "../reporter.js";
import { writeToStdout } from "../streams.js";
import { masksOf, type UpscaleArguments } from "./settings.js";
import { writeTrace } from "./trace.js";

/**
 * What `--json` prints is an array of these: first words that stand for no file, then the inputs in order.
 */
export interface UpscaleResult {
  readonly input: string;
  /** The path, or "-" for standard output. */
  readonly output?: string;
  width?: number;
  readonly height?: number;
  /** Pages or frames that were written, where they are more than one. */
  readonly pages?: number;
  /** What the input or the result has lost, where anything. */
  warnings?: readonly string[];
  /** The time from the decoded picture to the written file. */
  readonly milliseconds?: number;
  readonly info?: UpscaleInfo;
  /** The output existed and was left as it is, or another process is making it. */
  readonly skipped?: true;
  error?: string;
}

export interface UpscaleJob {
  readonly input: Input;
  readonly result: UpscaleResult;
  target?: Target;
}

/** What all jobs share. */
export interface UpscaleRun {
  readonly options: UpscaleArguments;
  readonly model: InstalledModel<UpscalingModel>;
  readonly targets: Targets;
  readonly reporter: Reporter;
  readonly signal: AbortSignal;
}

/** Says what has become of a picture, when it is its turn. */
type Tell = () => void;

/** A picture that the upscaler has taken. */
interface UnderWay {
  /** Resolves when the upscaler may take the next one: false when it may itself be what has failed. */
  readonly freed: Promise<boolean>;
  /** Resolves when the picture is done, or has failed. */
  readonly ended: Promise<Tell>;
}

/**
 * A result of more bytes than this is written before the next picture enters the network: then two results
 * are never in memory at once.
 */
const MOST_BYTES_BESIDE = 2 ** 28;

const stages: Record<Progress["stage"], string> = {
  latents: "encoding tiles",
  masks: "finding masks",
  noise: "drawing noise",
  denoise: "denoising tiles",
  tiles: "tiles",
  resample: "resampling",
  encode: "writing",
};

/** Does the jobs, and notes in their results what became of them. */
export async function runAll(jobs: readonly UpscaleJob[], batch: UpscaleRun): Promise<void> {
  if (jobs.length === 0) return;
  const { reporter, signal } = batch;
  let upscaler = openUpscaler(batch);
  let count = 0;
  /** All before the one at hand are done and told of. */
  let told = Promise.resolve();
  const tellNext = (ended: Promise<Tell>) => {
    told = told.then(async () => {
      const tell = await ended;
      if (!signal.aborted) tell();
    });
  };
  try {
    for await (const [job, prepared] of oneAhead(jobs, (job) => prepare(job, batch))) {
      signal.throwIfAborted();
      count++;
      if ("error" in prepared) {
        tellNext(Promise.resolve(() => reporter.fail(job.result, prepared.error)));
      } else if (job.target?.skip) {
        tellNext(Promise.resolve(skipped(job, reporter)));
      } else {
        const opened = await unlessAborted(upscaler, signal);
        reporter.bar.file(job.input.name, jobs.length > 1 ? `${count}/${jobs.length}` : "");
        const written = told;
        const { freed, ended } = begin(job, prepared, opened, count === jobs.length, batch);
        tellNext(ended);
        const isSound = await freed;
        // No more than one is encoded while another is in the network.
        await written;
        signal.throwIfAborted();
        if (isSound) continue;
        // It may be the thread that failed, and the next picture shall not suffer for it.
        await opened.close();
        upscaler = openUpscaler(batch);
      }
    }
    await told;
    signal.throwIfAborted();
  } catch (error) {
    await told;
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
function openUpscaler({ options, model }: UpscaleRun): Promise<Upscaler> {
  const { device, threads, sam, coverage, cache } = options;
  const upscaler = createUpscaler({ model, device, threads, sam, coverage, cache });
  upscaler.catch(() => {});
  return upscaler;
}

function begin(
  job: UpscaleJob,
  picture: OpenedPicture,
  upscaler: Upscaler,
  isLast: boolean,
  batch: UpscaleRun,
): UnderWay {
  const { reporter } = batch;
  let [begun, isFree] = [false, false];
  let free = (_isSound: boolean) => {};
  const freed = new Promise<boolean>((resolve) => {
    free = (isSound) => {
      isFree = true;
      resolve(isSound);
    };
  });
  const onProgress = (progress: Progress) => {
    begun = true;
    // The bar is the next one's by then.
    if (isLast || !isFree) reporter.bar.update({ ...progress, stage: stages[progress.stage] });
  };
  const work = () => run(job, picture, { upscaler, onProgress, onEnlarged: () => free(true) }, batch);
  const ended = runUnlessMade(job, work, batch).then(
    (tell) => {
      free(true);
      return tell;
    },
    (error): Tell => {
      free(!begun);
      return () => reporter.fail(job.result, error);
    },
  );
  return { freed, ended };
}

/** Returns what is said of a picture whose result is there, or in the making. */
export function skipped({ result, target }: UpscaleJob, reporter: Reporter, why = "exists already"): Tell {
  return () => {
    Object.assign(result, { output: target?.path, skipped: true });
    reporter.say(`${result.input}: skipped, ${target?.path} ${why}`);
  };
}

/**
 * Leaves a picture to another process that works in the same folder, where existing results are to be left:
 * one that has made it meanwhile, or is about to.
 */
export async function runUnlessMade(
  job: UpscaleJob,
  work: () => Promise<Tell>,
  { options, signal, reporter }: UpscaleRun,
): Promise<Tell> {
  const path = job.target?.path;
  if (path === undefined || !options.skipExisting) return work();
  await mkdir(dirname(path), { recursive: true });
  const claim = join(dirname(path), `.${basename(path)}.lock`);
  try {
    return await whileLocked(claim, { what: path, doing: "made" }, signal, async () =>
      (await isThere(path)) ? skipped(job, reporter) : work(),
    );
  } catch (error) {
    if (error instanceof LockedError) return skipped(job, reporter, "is being made by another samsr");
    if (!job.result.output && (await isThere(path))) return skipped(job, reporter);
    throw error;
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
  job: UpscaleJob,
  { options, targets, signal }: UpscaleRun,
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

/** How one picture's work is followed. */
interface Followed {
  readonly upscaler: Upscaler;
  readonly onProgress: (progress: Progress) => void;
  /** The upscaler has done its part, and memory for another picture's is left. */
  readonly onEnlarged: () => void;
}

async function run(
  job: UpscaleJob,
  picture: OpenedPicture,
  followed: Followed,
  batch: UpscaleRun,
): Promise<Tell> {
  const { options, reporter, signal } = batch;
  const { upscaler, onProgress, onEnlarged } = followed;
  const begun = performance.now();
  const { path, format } = job.target!;
  const settings = { ...settingsOf(options), ...decodingOf(options), ...encodingOf(options) };
  const trace = options.trace !== undefined;
  const asked = { ...settings, masks: masksOf(options), trace, upscaler, format, signal, onProgress };
  const { width, height, pages, info, warnings, ...made } =
    path === undefined
      ? await toStandardOutput(picture, asked)
      : await toFile(picture, path, { ...asked, overwrite: options.overwrite, onEnlarged });
  const milliseconds = Math.round(performance.now() - begun);
  if (made.trace) await writeTrace(made.trace, job.input.name, options.trace!, { ...options, signal });
  const more = { ...(pages > 1 && { pages }), ...(warnings.length > 0 && { warnings }) };
  Object.assign(job.result, { output: path ?? "-", width, height, milliseconds, info, ...more });
  return () => {
    for (const warning of warnings) reporter.warn(job.input.name, warning);
    const seconds = (milliseconds / 1000).toFixed(1);
    const of = pages > 1 ? `, ${pages} ${picture.animation ? "frames" : "pages"}` : "";
    const size = `${width} x ${height}${of}`;
    reporter.say(`${job.input.name} -> ${path ?? "standard output"}  ${size}, ${seconds} s`);
  };
}

async function toFile(
  picture: OpenedPicture,
  path: string,
  { onEnlarged, ...options }: Parameters<typeof enlargeForFile>[2] & Pick<Followed, "onEnlarged">,
): Promise<EnlargedPicture> {
  const { bytes, write } = await enlargeForFile(picture, path, options);
  if (bytes <= MOST_BYTES_BESIDE) onEnlarged();
  return write();
}

async function toStandardOutput(
  picture: OpenedPicture,
  options: UpscaleOptions & { readonly signal: AbortSignal },
): Promise<EnlargedPicture> {
  const { data, ...enlarged } = await upscale(picture, options);
  await writeToStdout(data, options.signal);
  return enlarged;
}
