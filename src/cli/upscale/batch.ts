/**
 * The pictures of `samsr upscale`, each on its way from file to file, so that no core waits: while one is in
 * the network (of small ones two, see lanes.ts), the one after it is decoded and the one before it is
 * encoded. What is said of them is said in their order, and a picture that fails does not stop the others.
 */
import { oneAhead } from "../../base/promises.js";
import type { OpenedPicture } from "../../image/index.js";
import {
  type EnlargedPicture,
  type Progress,
  type UpscaleOptions,
  type Upscaler,
  upscale,
} from "../../upscale/index.js";
import { enlargeForFile } from "../../upscale/upscale.js";
import { decodingOf, encodingOf, settingsOf } from "../../upscale/words.js";
import { readStandardInput } from "../inputs.js";
import { writeToStdout } from "../streams.js";
import {
  finished,
  giveUp,
  openJob,
  runUnlessMade,
  skipped,
  type Tell,
  type UpscaleJob,
  type UpscaleRun,
} from "./job.js";
import { openLanes, type UnderWay } from "./lanes.js";
import { masksOf } from "./settings.js";
import { writeTrace } from "./trace.js";

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
  const lanes = openLanes(batch, jobs.length);
  let count = 0;
  let latest: UpscaleJob | undefined;
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
        await lanes.give(prepared, (upscaler) => {
          reporter.bar.file(job.input.name, jobs.length > 1 ? `${count}/${jobs.length}` : "");
          latest = job;
          const begun = begin(job, prepared, upscaler, () => latest === job, batch);
          tellNext(begun.ended);
          return begun;
        });
        await lanes.free();
        signal.throwIfAborted();
      }
    }
    await told;
    signal.throwIfAborted();
  } catch (error) {
    await told;
    // No model, or an abort.
    giveUp(jobs, error, batch);
  } finally {
    reporter.bar.clear();
    await lanes.close();
  }
}

function begin(
  job: UpscaleJob,
  picture: OpenedPicture,
  upscaler: Upscaler,
  isLatest: () => boolean,
  batch: UpscaleRun,
): UnderWay<Tell> {
  const { reporter } = batch;
  let begun = false;
  let free = (_isSound: boolean) => {};
  const freed = new Promise<boolean>((resolve) => {
    free = resolve;
  });
  const onProgress = (progress: Progress) => {
    begun = true;
    // The bar is the next one's by then.
    if (isLatest()) reporter.bar.update({ ...progress, stage: stages[progress.stage] });
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

/** Decodes what the job is of. */
async function prepare(job: UpscaleJob, batch: UpscaleRun): Promise<OpenedPicture | { error: unknown }> {
  try {
    return await openJob(job, job.input.path ?? (await readStandardInput(batch.signal)), batch);
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
  const { trace: steps, ...made } =
    path === undefined
      ? await toStandardOutput(picture, asked)
      : await toFile(picture, path, { ...asked, overwrite: options.overwrite, onEnlarged });
  const milliseconds = Math.round(performance.now() - begun);
  if (steps) await writeTrace(steps, job.input.name, options.trace!, { ...options, signal });
  const of = made.pages > 1 ? `, ${made.pages} ${picture.animation ? "frames" : "pages"}` : "";
  return finished(job, { ...made, milliseconds }, reporter, `${of}, ${(milliseconds / 1000).toFixed(1)} s`);
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
