/** The options of `samsr upscale`, checked against each other and against the model before any work. */
import { stat } from "node:fs/promises";
import { SamsrError } from "../../base/errors.js";
import type { UpscalingModel } from "../../checkpoints/index.js";
import { SAMPLERS, type Variant } from "../../diffusion/index.js";
import type { OutputFormat, Raster } from "../../image/index.js";
import type { Device } from "../../runtime/index.js";
import { coverageOf } from "../../semantics/index.js";
import { readMasks } from "../../semantics/mask-files.js";
import { findSam } from "../../semantics/sam/find-sam.js";
import type { Method, UpscaleSettings } from "../../upscale/index.js";
import { kindOf } from "../../upscale/kinds/index.js";
import { resolveSettings } from "../../upscale/settings.js";
import { UsageError } from "../report.js";
import { type SamArguments, samOptionsOf } from "../sam-options.js";

/** What the command line says, already of the right types. */
export interface UpscaleArguments extends SamArguments {
  out: string;
  model: string;
  method?: Method;
  steps?: number;
  etaScale?: number;
  kappa?: number;
  seed: number;
  scale: number;
  /** regions, network, sam, none, or a path. */
  masks?: string;
  /** Which Segment Anything. */
  sam?: string;
  cache: boolean;
  variant?: Variant;
  tile?: number;
  overlap?: number;
  device: Device | "auto";
  threads?: number;
  format?: OutputFormat;
  quality?: number;
  overwrite?: boolean;
  skipExisting?: boolean;
  recursive?: boolean;
  pixelLimit?: number;
  json?: boolean;
  quiet?: boolean;
}

/**
 * Refuses what cannot work whatever the picture.
 * @throws UsageError for options that contradict each other or the model
 * @throws SamsrError when there is nothing at the path of the masks
 */
export async function checkSettings(options: UpscaleArguments, model: UpscalingModel): Promise<void> {
  try {
    const { diffusion } = resolveSettings(withoutMasks(options), { width: 1, height: 1 }, kindOf(model));
    const method = diffusion?.method;
    const { masks } = options;
    if (masks !== "sam" && saysOfSam(options)) {
      throw new UsageError("--sam and the options of Segment Anything go with --masks sam");
    }
    if (masks !== undefined && masks !== "none" && !(method && SAMPLERS[method].semantic)) {
      const why = options.method ? `--method ${method}` : `the method of ${model.name}, ${method}`;
      throw new UsageError(`--masks ${masks} has no meaning with ${why}; only samsr looks at masks`);
    }
  } catch (error) {
    throw error instanceof SamsrError ? new UsageError(error.message) : error;
  }
  if (options.masks === "sam") await findSam(options.sam);
  const path = maskPath(options);
  if (path === undefined) return;
  await stat(path).catch(() => {
    throw new SamsrError(
      `--masks ${path}: no such file or folder; expected a folder of masks or a label map`,
    );
  });
}

/** The part of the options that the upscaler takes, masks from files as the coverage of this picture. */
export async function settingsFor(
  options: UpscaleArguments,
  { width, height }: Raster,
  model: UpscalingModel,
): Promise<UpscaleSettings> {
  const path = maskPath(options);
  const settings = withoutMasks(options);
  if (path !== undefined) {
    const variant = options.variant ?? kindOf(model).diffusion?.variant;
    return { ...settings, masks: coverageOf(await readMasks(path, width, height, { variant })) };
  }
  const masks = options.masks as "regions" | "network" | "sam" | "none" | undefined;
  return masks === undefined ? settings : { ...settings, masks };
}

function withoutMasks(options: UpscaleArguments): UpscaleSettings {
  const { method, steps, seed, variant, etaScale, kappa, tile, overlap, scale } = options;
  const samOptions = samOptionsOf(options);
  return { method, steps, seed, variant, etaScale, kappa, tile, overlap, scale, samOptions };
}

function maskPath({ masks }: UpscaleArguments): string | undefined {
  return masks === undefined || ["regions", "network", "sam", "none"].includes(masks) ? undefined : masks;
}

function saysOfSam(options: UpscaleArguments): boolean {
  return [options.sam, ...Object.values(samOptionsOf(options))].some((value) => value !== undefined);
}
