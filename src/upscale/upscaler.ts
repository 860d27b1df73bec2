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
import type { UpscalerFunctions } from "./serve-upscaler.js";
import { type Progress, type ResolvedSettings, resolveSettings, type UpscaleSettings } from "./settings.js";

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

/** What the options are called, and of which type. */
export const JOB_OPTIONS = { onProgress: "function", signal: "signal" } as const satisfies Record<
  keyof JobOptions,
  OptionType
>;

/**
 * Opens a model in a thread that `serveUpscaler` serves, and hands the thread over to the upscaler.
 * @throws SamsrError when the device is not there, or the model is damaged; the thread is closed then
 */
export async function openUpscaler<A>(
  thread: Thread<UpscalerFunctions<A>>,
  args: A,
  model: UpscalingModel,
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
  ): Promise<[args: { raster: Raster; settings: ResolvedSettings }, options: CallOptions]> {
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

  return {
    model,
    device: opened.device,
    async upscale(raster, settings = {}, options = {}) {
      return thread.call("upscale", ...(await callOf(raster, settings, options)));
    },
    async upscaleInRows(raster, settings, onRows, options = {}) {
      const [args, call] = await callOf(raster, settings, options);
      if (args.settings.scale !== kind.scale) {
        throw new SamsrError(`rows come at the model's own scale, ${kind.scale}, not ${args.settings.scale}`);
      }
      return thread.call("upscaleInRows", args, { ...call, onValue: (rows) => onRows(rows as Raster) });
    },
    close,
  };
}

function isResolved(settings: UpscaleSettings | ResolvedSettings): settings is ResolvedSettings {
  return typeof settings === "object" && settings !== null && "diffusion" in settings;
}
