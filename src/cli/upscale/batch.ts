/**
 * The pictures of `samsr upscale`, each on its way from file to file, so that no core waits: while one is in
 * the network, the one after it is decoded and the one before it is encoded. What is said of them is said in
 * their order, and a picture that fails does not stop the others.
 */
import { unlessAborted } from "../../base/abort.js";
import { oneAhead } from "../../base/promises.js";
import type { OpenedPicture } from "../../image/index.js";
import {
  createUpscaler,
  type EnlargedPicture,
  type Progress,
  type UpscaleOptions,
  type Upscaler,
  upscale,
} from "../../upscale/index.js";
import { enlargeForFile, type LentUpscaler, type UpscaleToFileOptions } from "../../upscale/upscale.js";
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
import { masksOf } from "./settings.js";
import { writeTrace } from "./trace.js";

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
  let opened: Upscaler | undefined;
  let count = 0;
  /** All before the one at hand are done and told of. */
  let told = Promise.resolve();
  let closing: Promise<void> | undefined;
  const close = () => {
    closing ??= upscaler.then((opened) => opened.close()).catch(() => {});
    return closing;
  };
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
        reporter.bar.file(job.input.name, jobs.length > 1 ? `${count}/${jobs.length}` : "");
        const written = told;
        // It looks at the picture while the upscaler is still being opened.
        const { freed, ended } = begin(job, prepared, opened ?? upscaler, count === jobs.length, batch);
        opened = await unlessAborted(upscaler, signal);
        tellNext(ended);
        const isSound = await freed;
        // No more than one is encoded while another is in the network.
        await written;
        signal.throwIfAborted();
        if (isSound) continue;
        // It may be the thread that failed, and the next picture shall not suffer for it.
        await opened.close();
        opened = undefined;
        upscaler = openUpscaler(batch);
      }
    }
    // It is put away while the last result is still being written.
    void close();
    await told;
    signal.throwIfAborted();
  } catch (error) {
    await told;
    // No model, or an abort.
    giveUp(jobs, error, batch);
  } finally {
    reporter.bar.clear();
    await close();
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
  upscaler: Upscaler | Promise<Upscaler>,
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
  /** The upscaler, or the promise of one that is still being opened. */
  readonly upscaler: Upscaler | Promise<Upscaler>;
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
  const { options, model, reporter, signal } = batch;
  const { upscaler, onProgress, onEnlarged } = followed;
  const begun = performance.now();
  const { path, format } = job.target!;
  const settings = { ...settingsOf(options), ...decodingOf(options), ...encodingOf(options) };
  const trace = options.trace !== undefined;
  const asked = { ...settings, masks: masksOf(options), trace, format, signal, onProgress };
  const { trace: steps, ...made } =
    path === undefined
      ? await toStandardOutput(picture, { ...asked, upscaler: await upscaler })
      : await toFile(
          picture,
          path,
          { ...asked, overwrite: options.overwrite },
          { model: model.description, upscaler },
          onEnlarged,
        );
  const milliseconds = Math.round(performance.now() - begun);
  if (steps) await writeTrace(steps, job.input.name, options.trace!, { ...options, signal });
  const of = made.pages > 1 ? `, ${made.pages} ${picture.animation ? "frames" : "pages"}` : "";
  return finished(job, { ...made, milliseconds }, reporter, `${of}, ${(milliseconds / 1000).toFixed(1)} s`);
}

async function toFile(
  picture: OpenedPicture,
  path: string,
  options: UpscaleToFileOptions,
  by: LentUpscaler,
  onEnlarged: Followed["onEnlarged"],
): Promise<EnlargedPicture> {
  const { bytes, write } = await enlargeForFile(picture, path, options, by);
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
