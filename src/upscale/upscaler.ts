/**
 * An upscaler: a model that stays loaded, in a thread of its own. ONNX Runtime blocks the thread that runs it
 * and segmentation, noise and blending take their time, so all of that happens there, and the event loop of
 * the caller stays free.
 */
import { checkOptions, type OptionType } from "../base/arguments.js";
import { SamsrError } from "../base/errors.js";
import { createYield } from "../base/event-loop.js";
import type { UpscalingModel } from "../checkpoints/index.js";
import type { InstalledModel } from "../checkpoints/store/index.js";
import { checkRaster, type Raster } from "../image/raster.js";
import { type Device, startThread } from "../runtime/index.js";
import { kindOf } from "./kinds/index.js";
import { findUpscalingModel } from "./model.js";
import {
  type Progress,
  type ResolvedSettings,
  resolveSettings,
  type UpscaleInfo,
  type UpscaleSettings,
} from "./settings.js";
import type { functions } from "./worker.js";

export interface UpscalerOptions {
  /** Name of an installed model, the folder of one, or one that was found; default "samsr-tiny". */
  readonly model?: string | InstalledModel<UpscalingModel>;
  /** `auto` (the default) is the GPU where one is worth it, else the CPU. */
  readonly device?: Device | "auto";
  /** Threads of the network on the CPU; default: one for each core. */
  readonly threads?: number;
  /**
   * The Segment Anything of masks `sam`: a model's name or a checkpoint; default: the one that is installed.
   */
  readonly sam?: string;
  /**
   * The coverage network of masks `network`: an installed model's name or a model's folder; default:
   * "coverage-tiny".
   */
  readonly coverage?: string;
  /** Whether its masks are kept on disk, so that a picture costs them once; default true. */
  readonly cache?: boolean;
}

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
  ): Promise<{ raster: Raster; info: UpscaleInfo }>;
  /** Waits for the jobs under way, then frees the sessions and ends the thread. */
  close(): Promise<void>;
}

/** What the options are called, and of which type. */
export const JOB_OPTIONS = { onProgress: "function", signal: "signal" } as const satisfies Record<
  keyof JobOptions,
  OptionType
>;

export const UPSCALER_OPTIONS = {
  model: "any",
  device: "string",
  threads: "number",
  sam: "string",
  coverage: "string",
  cache: "boolean",
} as const satisfies Record<keyof UpscalerOptions, OptionType>;

export const DEFAULT_MODEL = "samsr-tiny";

/**
 * Loads a model into a new thread. Close it when done; an idle one does not keep the process alive.
 *
 * @example
 * const upscaler = await createUpscaler({ threads: 2 });
 * for (const raster of rasters) show((await upscaler.upscale(raster)).raster);
 * await upscaler.close();
 *
 * @throws SamsrError when the model or the device is not there, or the model is damaged
 */
export async function createUpscaler(options: UpscalerOptions = {}): Promise<Upscaler> {
  checkOptions("createUpscaler", options, UPSCALER_OPTIONS);
  const {
    model: wantedModel = DEFAULT_MODEL,
    device: wanted = "auto",
    threads,
    sam,
    coverage,
    cache,
  } = options;
  if (threads !== undefined && !(Number.isInteger(threads) && threads >= 1)) {
    throw new SamsrError(`threads must be a whole number from 1 on, not ${threads}`);
  }
  const model = await findUpscalingModel(wantedModel);
  const { description } = model;
  const kind = kindOf(description);
  const thread = startThread<typeof functions>(new URL("./worker.js", import.meta.url));
  const opening = thread.call("open", { model, device: wanted, threads, sam, coverage, cache });
  const { device } = await opening.catch(async (error) => {
    await thread.close();
    if (error instanceof SamsrError) throw error;
    const reason = String(error.message).replace(/\s+/g, " ").trim();
    throw new SamsrError(`the model ${description.name} cannot be used (${reason}); install it again`, {
      cause: error,
    });
  });
  let closing: Promise<void> | undefined;

  return {
    model: description,
    device,
    async upscale(raster, settings = {}, options = {}) {
      checkOptions("upscale", options, JOB_OPTIONS);
      const { onProgress, signal } = options;
      signal?.throwIfAborted();
      checkRaster(raster);
      const resolved = isResolved(settings) ? settings : resolveSettings(settings, raster, kind);
      const data = await copyOf(raster.data);
      return thread.call(
        "upscale",
        { raster: { ...raster, data }, settings: resolved },
        {
          transfer: [data.buffer as ArrayBuffer],
          signal,
          onProgress: onProgress && ((value) => onProgress(value as Progress)),
        },
      );
    },
    close() {
      closing ??= thread
        .call("close", undefined)
        .catch(() => {})
        .then(() => thread.close());
      return closing;
    },
  };
}

function isResolved(settings: UpscaleSettings | ResolvedSettings): settings is ResolvedSettings {
  return typeof settings === "object" && settings !== null && "diffusion" in settings;
}

/** A copy that can be handed over to the thread; piece by piece, since it may be hundreds of megabytes. */
async function copyOf<T extends Uint8Array | Uint16Array>(data: T): Promise<T> {
  const copy = (
    data instanceof Uint16Array ? new Uint16Array(data.length) : new Uint8Array(data.length)
  ) as T;
  const yieldToEventLoop = createYield();
  const piece = 2 ** 22;
  for (let at = 0; at < data.length; at += piece) {
    copy.set(data.subarray(at, at + piece), at);
    await yieldToEventLoop();
  }
  return copy;
}
