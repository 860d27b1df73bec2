/**
 * A picture of `samsr upscale` as a job, whoever enlarges it: what is known of it, and what is said of it.
 */
import { lstat, mkdir } from "node:fs/promises";
import { basename, dirname, join } from "node:path";
import { describe } from "../../base/describe.js";
import { LockedError, whileLocked } from "../../base/lock.js";
import type { UpscalingModel } from "../../checkpoints/index.js";
import type { InstalledModel } from "../../checkpoints/store/index.js";
import { type OpenedPicture, openPicture, type PictureSource } from "../../image/index.js";
import type { EnlargedPicture, UpscaleInfo } from "../../upscale/index.js";
import { decodingOf } from "../../upscale/words.js";
import type { Input } from "../inputs.js";
import type { Target, Targets } from "../outputs.js";
import { printError } from "../report.js";
import type { Reporter } from "../reporter.js";
import type { UpscaleArguments } from "./settings.js";

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
export type Tell = () => void;

/** Opens a job's picture, and settles what only the file itself can tell. */
export async function openJob(
  job: UpscaleJob,
  source: PictureSource,
  { options, targets, signal }: UpscaleRun,
): Promise<OpenedPicture> {
  const picture = await openPicture(source, { ...decodingOf(options), name: job.input.name, signal });
  job.target ??= await targets.claim(job.input, picture.metadata);
  return picture;
}

/**
 * Notes what was made of a picture. @returns what is said of it, with its size and some more words
 */
export function finished(
  { input, target, result }: UpscaleJob,
  made: Pick<EnlargedPicture, "width" | "height" | "pages" | "warnings"> & {
    readonly info?: UpscaleInfo;
    readonly milliseconds: number;
  },
  reporter: Reporter,
  more = "",
): Tell {
  const { width, height, pages, info, warnings, milliseconds } = made;
  const path = target?.path;
  Object.assign(result, {
    ...{ output: path ?? "-", width, height, milliseconds },
    ...(info && { info }),
    ...(pages > 1 && { pages }),
    ...(warnings.length > 0 && { warnings }),
  });
  return () => {
    for (const warning of warnings) reporter.warn(input.name, warning);
    reporter.say(`${input.name} -> ${path ?? "standard output"}  ${width} x ${height}${more}`);
  };
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

/** Ends the jobs that are left, of which nothing can be done any more. */
export function giveUp(
  jobs: readonly UpscaleJob[],
  error: unknown,
  { reporter, signal }: Pick<UpscaleRun, "reporter" | "signal">,
): void {
  const left = jobs.filter(({ result }) => !result.output && !result.error);
  for (const { result } of left) result.error = signal.aborted ? "interrupted" : describe(error);
  reporter.bar.clear();
  if (!signal.aborted) printError(error);
}
