/** The options of `samsr upscale`, checked against each other and against the model before any work. */
import { stat } from "node:fs/promises";
import { SamsrError } from "../../base/errors.js";
import type { UpscalingModel } from "../../checkpoints/index.js";
import { type Coefficients, SAMPLERS, type Variant } from "../../diffusion/index.js";
import type { DecodeOptions, EncodeOptions, Limits, OutputFormat } from "../../image/index.js";
import type { Device } from "../../runtime/index.js";
import { findCoverageNetwork } from "../../semantics/coverage-model.js";
import { isSourceName, type NoiseKind } from "../../semantics/index.js";
import { findSam } from "../../semantics/sam/find-sam.js";
import type { Method, UpscaleOptions, UpscaleSettings, WantedSize } from "../../upscale/index.js";
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
  coefficients?: Coefficients;
  noise?: NoiseKind;
  kappa?: number;
  seed: number;
  scale?: number;
  /** regions, network, sam, none, or a path. */
  masks?: string;
  /** Which Segment Anything. */
  sam?: string;
  /** Which coverage network. */
  coverage?: string;
  cache: boolean;
  variant?: Variant;
  tile?: number;
  overlap?: number;
  device: Device | "auto";
  threads?: number;
  format?: OutputFormat;
  /** The pattern of results' names. */
  name?: string;
  quality?: number;
  lossless?: boolean;
  density?: number;
  width?: number;
  height?: number;
  longest?: number;
  tolerant?: boolean;
  sideLimit?: number;
  frameLimit?: number;
  /** In MiB, as is the next. */
  metadataLimit?: number;
  memoryLimit?: number;
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
  const { masks: _, width: _w, height: _h, longest: _l, ...settings } = settingsOf(options);
  const { masks } = options;
  try {
    const { diffusion } = resolveSettings(settings, { width: 1, height: 1 }, kindOf(model));
    if (masks !== "sam" && saysOfSam(options)) {
      throw new UsageError("--sam and the options of Segment Anything go with --masks sam");
    }
    if (masks !== "network" && options.coverage !== undefined) {
      throw new UsageError("--coverage goes with --masks network");
    }
    if (masks !== undefined && masks !== "none" && !(diffusion && SAMPLERS[diffusion.method].semantic)) {
      const method = diffusion?.method ?? "one pass without noise";
      const why = options.method ? `--method ${method}` : `the method of ${model.name}, ${method}`;
      throw new UsageError(`--masks ${masks} has no meaning with ${why}; only samsr looks at masks`);
    }
  } catch (error) {
    throw error instanceof SamsrError ? new UsageError(error.message) : error;
  }
  if (masks === "sam") await findSam(options.sam);
  if (options.coverage !== undefined) await findCoverageNetwork(options.coverage);
  if (masks === undefined || isSourceName(masks)) return;
  await stat(masks).catch(() => {
    throw new SamsrError(
      `--masks ${masks}: no such file or folder; expected a folder of masks or a label map`,
    );
  });
}

/** The options that say how a picture is enlarged, as the library takes them. */
export function settingsOf(
  options: UpscaleArguments,
): Omit<UpscaleSettings, "masks"> & WantedSize & Pick<UpscaleOptions, "masks"> {
  const { method, steps, seed, variant, etaScale, coefficients, noise, kappa } = options;
  const { tile, overlap, scale, masks: said } = options;
  const masks = said === undefined || isSourceName(said) ? said : { files: said };
  const samOptions = samOptionsOf(options);
  const { width, height, longest } = options;
  const size = { scale, width, height, longest };
  return {
    ...{ method, steps, seed, variant, etaScale, coefficients, noise, kappa },
    ...{ tile, overlap, ...size, masks, samOptions },
  };
}

/** The options that say what is read of a picture. */
export function decodingOf(options: UpscaleArguments): Limits & Pick<DecodeOptions, "tolerant"> {
  const { pixelLimit, sideLimit, frameLimit, tolerant } = options;
  const bytes = (mebibytes: number | undefined) => mebibytes && mebibytes * 2 ** 20;
  return {
    pixelLimit,
    sideLimit,
    frameLimit,
    tolerant,
    metadataLimit: bytes(options.metadataLimit),
    memoryLimit: bytes(options.memoryLimit),
  };
}

/** The options that say how the result is written. */
export function encodingOf({
  quality,
  lossless,
  density,
}: UpscaleArguments): Pick<EncodeOptions, "quality" | "lossless" | "density"> {
  return { quality, lossless, density };
}

function saysOfSam(options: UpscaleArguments): boolean {
  return [options.sam, ...Object.values(samOptionsOf(options))].some((value) => value !== undefined);
}
