/**
 * The outer half of an upscaler: a model that stays loaded in a thread of its own, and what its callers see.
 * ONNX Runtime blocks the thread that runs it and segmentation, noise and blending take their time, so all of
 * that happens there, and the event loop of the caller stays free.
 */
import { checkOptions, type OptionType } from "../base/arguments.js";
import { SamsrError } from "../base/errors.js";
import type { UpscalingModel } from "../checkpoints/description.js";
import { checkRaster, copyRaster, type Raster } from "../image/raster.js";
import { type CallOptions, openInThread, type Thread } from "../runtime/index.js";
import type { EnlargedRaster, EnlargementFacts } from "./enlarge.js";
import { kindOf } from "./kinds/index.js";
import type { Job, JobFunctions, LentJob } from "./serve-jobs.js";
import type { UpscalerFunctions } from "./serve-upscaler.js";
import {
  type Progress,
  planFor,
  type ResolvedSettings,
  resolveSettings,
  type UpscaleSettings,
} from "./settings.js";

/** How one picture's work is followed and given up. */
export interface JobOptions {
  /** Told how far the work is; what it throws ends the work and rejects. */
  readonly onProgress?: (progress: Progress) => void;
  /** Aborting rejects at once with the signal's reason; the thread is free again after the tile under way. */
  readonly signal?: AbortSignal;
}

export interface Upscaler {
  readonly model: UpscalingModel;
  /** "cpu", "webgpu" or "torch". */
  readonly device: string;
  /**
   * Enlarges a raster; channels and depth stay. The argument is copied, the result is the caller's. Calls at
   * the same time are done one after the other.
   * @param settings with or without their defaults filled in
   * @throws SamsrError for settings that make no sense, before any work; the signal's reason
   */
  upscale(
    raster: Raster,
    settings?: UpscaleSettings | ResolvedSettings,
    options?: JobOptions,
  ): Promise<EnlargedRaster>;
  /**
   * Enlarges a raster as `upscale` does, by the model's own scale, and hands over the rows of the result as
   * they are finished: as rasters one below the other, from top to bottom. The next come when what `onRows`
   * returns has resolved, or somewhat earlier, so the result need never be in memory whole.
   * @throws SamsrError for settings that make no sense, another scale among them; what `onRows` throws; the
   * signal's reason
   */
  upscaleInRows(
    raster: Raster,
    settings: UpscaleSettings | ResolvedSettings,
    onRows: (rows: Raster) => unknown,
    options?: JobOptions,
  ): Promise<EnlargementFacts>;
  /** Waits for the jobs under way, then frees the sessions and ends the thread. */
  close(): Promise<void>;
}

/** Tiles from which on what is saved by a second thread is more than what starting it costs. */
const TILES_OF_LARGE = 6;

/** What the options are called, and of which type. */
export const JOB_OPTIONS = { onProgress: "function", signal: "signal" } as const satisfies Record<
  keyof JobOptions,
  OptionType
>;

/**
 * Opens a model in a thread that `serveUpscaler` serves, and hands the thread over to the upscaler.
 * @param startWalker starts a thread that does jobs with networks that the first one lends: large pictures
 *   walk there, so that what is done beside networks does not wait for them, nor they for it
 * @throws SamsrError when the device is not there, or the model is damaged; the thread is closed then
 */
export async function openUpscaler<A>(
  thread: Thread<UpscalerFunctions<A>>,
  args: A,
  model: UpscalingModel,
  startWalker?: () => Thread<JobFunctions<LentJob>>,
): Promise<Upscaler> {
  const kind = kindOf(model);
  const { opened, close } = await openInThread(thread, args).catch((error) => {
    if (error instanceof SamsrError) throw error;
    const reason = String(error.message).replace(/\s+/g, " ").trim();
    throw new SamsrError(`the model ${model.name} cannot be used (${reason}); install it again`, {
      cause: error,
    });
  });

  /** Checks what a job is given, and makes a call to the thread of it. */
  async function callOf(
    raster: Raster,
    settings: UpscaleSettings | ResolvedSettings,
    options: JobOptions,
  ): Promise<[job: Job, options: CallOptions]> {
    checkOptions("upscale", options, JOB_OPTIONS);
    const { onProgress, signal } = options;
    signal?.throwIfAborted();
    checkRaster(raster);
    const resolved = isResolved(settings) ? settings : resolveSettings(settings, raster, kind);
    const copy = await copyRaster(raster);
    const told = onProgress && ((value: unknown) => onProgress(value as Progress));
    return [
      { raster: copy, settings: resolved },
      { transfer: [copy.data.buffer as ArrayBuffer], signal, onProgress: told },
    ];
  }

  const { device } = opened;
  let walker: Thread<JobFunctions<LentJob>> | undefined;

  /** Does a job where networks are, or a large one beside them. */
  async function doJob<K extends "upscale" | "upscaleInRows">(name: K, job: Job, options: CallOptions) {
    const { tiles } = planFor(job.raster, job.settings, kind, device);
    if (!startWalker || tiles.length < TILES_OF_LARGE) return thread.call(name, job, options);
    walker ??= startWalker();
    const { transfer = [], signal } = options;
    const { port1: lent, port2: end } = new MessageChannel();
    const lending = thread.call("lend", end, { transfer: [end], signal });
    // It is asked when the job has failed.
    lending.catch(() => {});
    try {
      const walked = walker.call(
        name,
        { ...job, model, device, lent },
        { ...options, transfer: [...transfer, lent] },
      );
      return await walked;
    } catch (error) {
      // A thread that has ended says why, and the walk only that it is gone.
      await lending;
      throw error;
    }
  }

  return {
    model,
    device,
    async upscale(raster, settings = {}, options = {}) {
      return doJob("upscale", ...(await callOf(raster, settings, options)));
    },
    async upscaleInRows(raster, settings, onRows, options = {}) {
      const [job, call] = await callOf(raster, settings, options);
      if (job.settings.scale !== kind.scale) {
        throw new SamsrError(`rows come at the model's own scale, ${kind.scale}, not ${job.settings.scale}`);
      }
      return doJob("upscaleInRows", job, { ...call, onValue: (rows) => onRows(rows as Raster) });
    },
    async close() {
      await close();
      await walker?.close();
    },
  };
}

function isResolved(settings: UpscaleSettings | ResolvedSettings): settings is ResolvedSettings {
  return typeof settings === "object" && settings !== null && "diffusion" in settings;
}
