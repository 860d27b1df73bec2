/** The upscaler of Node: a model of the store, in a worker thread. */
import { checkOptions, type OptionType } from "../base/arguments.js";
import { SamsrError } from "../base/errors.js";
import type { UpscalingModel } from "../checkpoints/index.js";
import type { InstalledModel } from "../checkpoints/store/index.js";
import type { Device } from "../runtime/index.js";
import { DEFAULT_MODEL } from "./default-model.js";
import { findUpscalingModel } from "./model.js";
import { openUpscaler, type Upscaler } from "./upscaler.js";
import { startWalker, takeThread } from "./upscaler-thread.js";

export interface UpscalerOptions {
  /**
   * Name of an installed model, the folder of one, a file of weights, or one that was found; default
   * "samsr-tiny".
   */
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
  /** Whether its masks and sessions are kept on disk, so that they are made once; default true. */
  readonly cache?: boolean;
}

export const UPSCALER_OPTIONS = {
  model: "any",
  device: "string",
  threads: "number",
  sam: "string",
  coverage: "string",
  cache: "boolean",
} as const satisfies Record<keyof UpscalerOptions, OptionType>;

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
  return openUpscaler(
    takeThread(),
    { model, device: wanted, threads, sam, coverage, cache },
    model.description,
    startWalker,
  );
}
