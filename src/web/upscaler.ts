/**
 * The upscaler of a page: the same work as in Node, in workers of the page. Where memory runs out the tile is
 * halved, and where the GPU is lost the work goes on without it. A job that is given up in the middle of a
 * long tile takes its worker with it, so that the processor is free at once; the next job starts another.
 */
import { checkOptions, type OptionType } from "../base/arguments.js";
import { brief } from "../base/brief.js";
import { SamsrError } from "../base/errors.js";
import { once } from "../base/promises.js";
import type { UpscalingModel } from "../checkpoints/index.js";
import { checkRaster, copyRaster, type Raster } from "../image/raster.js";
import { type Device, startThread, type Thread } from "../runtime/index.js";
import { kindOf } from "../upscale/kinds/index.js";
import { resolveSettings, type UpscaleInfo, type UpscaleSettings } from "../upscale/settings.js";
import { type JobOptions, openUpscaler, type Upscaler } from "../upscale/upscaler.js";
import { fromImageData, rasterOfBitmap } from "./image-data.js";
import { type ModelSource, openUpscalingModel } from "./model.js";
import type { PageEncodeOptions, PagePicture } from "./picture-types.js";
import type { functions as PictureFunctions } from "./picture-worker.js";
import type { OpenArguments, functions as UpscalerFunctions } from "./worker.js";

/** What a page can hand over: the file of a picture, or its pixels. */
export type PageInput = Blob | ImageBitmap | ImageData | Raster;

export interface WebUpscalerOptions {
  /**
   * The folder of a model (`model.json` and weights), or a file of one; default: `models/samsr-tiny/` beside
   * the page.
   */
  readonly model?: ModelSource;
  /** `auto` (the default) is WebGPU where it is worth it, else WASM, which is "cpu". */
  readonly device?: "auto" | "cpu" | "webgpu";
  /**
   * Threads of WASM; default: one for each core, up to 8. One where the page is not cross-origin isolated.
   */
  readonly threads?: number;
  /**
   * The folder of the coverage network of masks `network`; default: `models/coverage-tiny/` beside the page.
   */
  readonly coverage?: string | URL;
  /** The folder of ONNX Runtime's `ort-wasm-*` files; default: beside the code. */
  readonly runtime?: string | URL;
  /** Told when the work goes on in another way than before: a smaller tile, or another device. */
  readonly onChange?: (change: string) => void;
}

const OPTIONS = {
  model: "any",
  device: "string",
  threads: "number",
  coverage: "any",
  runtime: "any",
  onChange: "function",
} as const satisfies Record<keyof WebUpscalerOptions, OptionType>;

/** A picture that a page has enlarged. */
export interface PageResult {
  readonly raster: Raster;
  readonly info: UpscaleInfo;
  /** What the file said beside its pixels, and what did not come along; only where a file was given. */
  readonly picture?: Pick<PagePicture, "metadata" | "warnings">;
}

/** An upscaler of a page. */
export interface WebUpscaler {
  readonly model: UpscalingModel;
  /** "cpu" (WASM) or "webgpu"; it may change when a GPU is lost. */
  readonly device: string;
  /** Threads of WASM. */
  readonly threads: number;
  /** The setting `detail` where none is given; left out where the model's weights have one end alone. */
  readonly detail?: number;
  /** Whether pictures are started from noise, which has a seed and may follow masks. */
  readonly diffuses: boolean;
  /**
   * Enlarges a picture; channels and depth stay. Calls at the same time are done one after the other.
   * @throws SamsrError for settings that make no sense and for a file that is no picture; the signal's reason
   */
  upscale(input: PageInput, settings?: UpscaleSettings, options?: JobOptions): Promise<PageResult>;
  /** Writes a raster as the file of a picture, in a worker. */
  encode(raster: Raster, options: PageEncodeOptions): Promise<{ file: Blob; warnings: readonly string[] }>;
  /** Waits for the jobs under way, then ends the workers. */
  close(): Promise<void>;
}

/** Starts the worker in which pictures are decoded and encoded. */
export function startPictureThread(): Thread<typeof PictureFunctions> {
  return startThread<typeof PictureFunctions>(
    () => new Worker(new URL("./picture-worker.js", import.meta.url), { type: "module" }),
  );
}

/**
 * Loads a model into a worker of the page. Close it when done.
 *
 * @example
 * const upscaler = await createUpscaler({ model: "/models/samsr-tiny/" });
 * const { raster, picture } = await upscaler.upscale(input.files[0], { seed: 7 });
 * const { file } = await upscaler.encode(raster, { format: "png", metadata: picture?.metadata });
 * image.src = URL.createObjectURL(file);
 *
 * @throws SamsrError when the model or the device is not there, or the model is damaged
 */
export async function createUpscaler(options: WebUpscalerOptions = {}): Promise<WebUpscaler> {
  checkOptions("createUpscaler", options, OPTIONS);
  const { onChange } = options;
  const threads = options.threads ?? defaultThreads();
  if (!(Number.isInteger(threads) && threads >= 1)) {
    throw new SamsrError(`threads must be a whole number from 1 on, not ${threads}`);
  }
  const runtime = options.runtime && absoluteUrl(options.runtime);
  const model = await openUpscalingModel(options.model ?? "models/samsr-tiny/", runtime);
  const kind = kindOf(model.description);
  /** The worker that was opened last; those before it are closed. */
  let last: OpenedWorker;
  const open = async (device: Device | "auto"): Promise<OpenedWorker> => {
    const args = {
      model,
      device,
      threads,
      coverage: absoluteUrl(options.coverage ?? "models/coverage-tiny/"),
      ...(runtime && { runtime }),
    };
    last = await openWorker(args);
    return last;
  };
  await open(options.device ?? "auto");
  /** What the next job is done in. */
  let current = once(async () => last);
  let jobs = 0;
  let pictures: Thread<typeof PictureFunctions> | undefined;
  const pictureThread = () => (pictures ??= startPictureThread());
  let tileLimit = Number.POSITIVE_INFINITY;

  /** Opens another worker for one that failed, whose memory comes back with its end. */
  function replace(failed: OpenedWorker, device: Device, change: string): void {
    void failed.close();
    current = once(async () => {
      const opened = await open(device);
      onChange?.(change);
      return opened;
    });
  }

  /** Ends a worker that computes what nobody waits for, unless it is about to be free. */
  function letGo(used: OpenedWorker): void {
    const free = used.freeSoon();
    current = once(async () => ((await free) ? used : open(used.device as Device)));
  }

  async function attempt(raster: Raster, settings: UpscaleSettings, job: JobOptions) {
    for (;;) {
      const resolved = resolveSettings(settings, raster, kind);
      const tile = Math.min(resolved.tile, tileLimit);
      const own =
        tile < resolved.tile
          ? { ...settings, tile, overlap: Math.min(resolved.overlap, tile >> 1) }
          : settings;
      const taken = current;
      const used = await taken();
      jobs++;
      try {
        return await used.upscale(raster, own, job);
      } catch (error) {
        // Others that wait in the same worker take it over when the tile is done.
        if (job.signal?.aborted && jobs === 1 && current === taken) letGo(used);
        if (job.signal?.aborted) throw error;
        const failure = failureOf(error, used.device);
        // Once for all jobs of a worker that failed.
        const replaced = current !== taken;
        if (failure === "gpu lost") {
          if (!replaced) replace(used, "cpu", "the GPU was lost; the work goes on in WASM");
        } else if (failure === "no memory") {
          const smaller = Math.floor(tile / 2 / kind.multiple) * kind.multiple;
          if (smaller < Math.max(kind.multiple, SMALLEST_TILE)) throw error;
          tileLimit = Math.min(tileLimit, smaller);
          const change = `memory ran out; the work goes on with tiles of ${smaller}`;
          if (!replaced) replace(used, used.device as Device, change);
        } else throw error;
      } finally {
        jobs--;
      }
    }
  }

  return {
    model: model.description,
    threads,
    diffuses: kind.diffusion !== undefined,
    ...(kind.detail && { detail: kind.detail.standard }),
    get device() {
      return last.device;
    },
    async upscale(input, settings = {}, job = {}) {
      job.signal?.throwIfAborted();
      if (input instanceof Blob) {
        const name = "name" in input ? String(input.name) : "the picture";
        const { raster, metadata, warnings } = await pictureThread().call("decode", { file: input, name });
        return { ...(await attempt(raster, settings, job)), picture: { metadata, warnings } };
      }
      return attempt(rasterOf(input), settings, job);
    },
    async encode(raster, encoding) {
      checkRaster(raster);
      const copy = await copyRaster(raster);
      const transfer = [copy.data.buffer as ArrayBuffer];
      return pictureThread().call("encode", { raster: copy, options: encoding }, { transfer });
    },
    async close() {
      await current.begun()?.catch(() => {});
      await Promise.all([last.close(), pictures?.close()]);
    },
  };
}

/** A model in a worker of its own. */
interface OpenedWorker extends Upscaler {
  /**
   * Ends the worker unless it is free within a moment, as it is after a short tile. @returns whether it lives
   */
  freeSoon(): Promise<boolean>;
}

/** How long a worker may go on with what was given up: opening another takes longer. */
const GRACE_MILLISECONDS = 100;

async function openWorker(args: OpenArguments): Promise<OpenedWorker> {
  const thread = startThread<typeof UpscalerFunctions>(
    () => new Worker(new URL("./worker.js", import.meta.url), { type: "module" }),
  );
  const upscaler = await openUpscaler(thread, args, args.model.description);
  const freeSoon = async () => {
    try {
      await thread.call("idle", undefined, { signal: AbortSignal.timeout(GRACE_MILLISECONDS) });
      return true;
    } catch {
      await thread.close();
      return false;
    }
  };
  return { ...upscaler, freeSoon };
}

/** Halving goes no further. */
const SMALLEST_TILE = 32;

/** Threads that WASM may have here. */
export function defaultThreads(): number {
  if (!globalThis.crossOriginIsolated) return 1;
  return Math.min(8, globalThis.navigator?.hardwareConcurrency ?? 1);
}

/** Returns the whole address of a folder. */
export function absoluteUrl(address: string | URL): string {
  return new URL(`${address}`.replace(/\/?$/, "/"), globalThis.location?.href).href;
}

function rasterOf(input: Exclude<PageInput, Blob>): Raster {
  if (typeof ImageData !== "undefined" && input instanceof ImageData) return fromImageData(input);
  if (typeof ImageBitmap !== "undefined" && input instanceof ImageBitmap) return rasterOfBitmap(input);
  if (typeof input !== "object" || input === null || !("channels" in input)) {
    throw new SamsrError(
      `a picture is a Blob, an ImageBitmap, an ImageData or a raster, not ${brief(input)}`,
    );
  }
  checkRaster(input);
  return input;
}

/** Returns what a failed job died of, as far as its words tell. */
function failureOf(error: unknown, device: string): "no memory" | "gpu lost" | "other" {
  const message = error instanceof Error ? error.message : String(error);
  const memory =
    /out of memory|bad_alloc|memory access out of bounds|allocation failed|failed to allocate|could not allocate|Aborted\(/i;
  if (memory.test(message)) return "no memory";
  // How ONNX Runtime words it depends on what it did when the GPU was lost, often a copy back.
  return device === "webgpu" && /the run failed|device (was |is )?lost/i.test(message) ? "gpu lost" : "other";
}
