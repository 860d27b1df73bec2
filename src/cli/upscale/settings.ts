/** The options of `samsr upscale`, checked against each other and against the model before any work. */
import { stat } from "node:fs/promises";
import { SamsrError } from "../../base/errors.js";
import type { UpscalingModel } from "../../checkpoints/index.js";
import { SAMPLERS } from "../../diffusion/index.js";
import type { Device } from "../../runtime/index.js";
import { findCoverageNetwork } from "../../semantics/coverage-model.js";
import { isSourceName } from "../../semantics/index.js";
import { findSam } from "../../semantics/sam/find-sam.js";
import { samOptionsOf } from "../../semantics/sam/words.js";
import type { UpscaleOptions } from "../../upscale/index.js";
import { kindOf } from "../../upscale/kinds/index.js";
import type { Preset } from "../../upscale/preset-names.js";
import { resolveSettings } from "../../upscale/settings.js";
import { type LimitsSaid, settingsOf, type UpscaleSaid } from "../../upscale/words.js";
import { UsageError } from "../report.js";

/** What the command line says, already of the right types. */
export interface UpscaleArguments extends Omit<UpscaleSaid, "masks">, LimitsSaid {
  readonly out: string;
  readonly model: string;
  readonly seed: number;
  readonly preset?: Preset;
  /** Where masks come from: regions, network, sam, none, or a path. */
  readonly masks?: string;
  /** The Segment Anything: an installed model's name or a checkpoint's path. */
  readonly sam?: string;
  /** The coverage network: an installed model's name or a model's folder. */
  readonly coverage?: string;
  readonly cache: boolean;
  readonly device: Device | "auto";
  readonly threads?: number;
  /** The pattern of results' names. */
  readonly name?: string;
  /** The queue whose workers enlarge: its address, the folder that they see, and its names. */
  readonly queue?: string;
  readonly data?: string;
  readonly store?: string;
  readonly prefix?: string;
  readonly overwrite?: boolean;
  readonly skipExisting?: boolean;
  readonly recursive?: boolean;
  /** The folder of the chain's pictures. */
  readonly trace?: string;
  readonly json?: boolean;
  readonly quiet?: boolean;
}

/**
 * Refuses what cannot work whatever the picture.
 * @throws UsageError for options that contradict each other or the model
 * @throws SamsrError when there is nothing at the path of the masks
 */
export async function checkSettings(options: UpscaleArguments, model: UpscalingModel): Promise<void> {
  const { width: _w, height: _h, longest: _l, ...settings } = settingsOf(options);
  const { masks } = options;
  try {
    const asked = { ...settings, trace: options.trace !== undefined };
    const { diffusion, ddim } = resolveSettings(asked, { width: 1, height: 1 }, kindOf(model));
    if (masks !== "sam" && saysOfSam(options)) {
      throw new UsageError("--sam and the options of Segment Anything go with --masks sam");
    }
    if (masks !== "network" && options.coverage !== undefined) {
      throw new UsageError("--coverage goes with --masks network");
    }
    if (masks !== undefined && masks !== "none" && !(diffusion && SAMPLERS[diffusion.method].semantic)) {
      const method = (diffusion ?? ddim)?.method ?? "one pass without noise";
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

/** Tells where masks come from, as the library takes it. */
export function masksOf({ masks }: UpscaleArguments): UpscaleOptions["masks"] {
  return masks === undefined || isSourceName(masks) ? masks : { files: masks };
}

function saysOfSam(options: UpscaleArguments): boolean {
  return [options.sam, ...Object.values(samOptionsOf(options))].some((value) => value !== undefined);
}
