/** What the presets of `preset-names.ts` are. */
import { SamsrError } from "../base/errors.js";
import { networkOf, type UpscalingModel } from "../checkpoints/description.js";
import { DDIM, SAMPLERS } from "../diffusion/index.js";
import type { SourceName } from "../semantics/index.js";
import { kindOf } from "./kinds/index.js";
import type { Preset } from "./preset-names.js";
import type { UpscaleSettings } from "./settings.js";

/**
 * Memory from which on a tile of 512 is taken: what a machine of 16 GiB shows of them. A photo of one such
 * tile took 15.6 GB at the published size with random weights, masks of Segment Anything among it; most of
 * that are the decoder's values in strips (see `inStrips`).
 */
const BYTES_FOR_512 = 16.4e9;

/** The settings of a preset, and what there is to say of them. */
interface PresetSettings {
  readonly settings: Pick<UpscaleSettings, "variant" | "masks" | "tiles" | "tile" | "overlap"> & {
    readonly masks?: SourceName;
  };
  /** A line for people: which of the two tiles it is, and why. */
  readonly note: string;
}

/**
 * Returns the settings of the preset `published` for a model on a machine.
 * @param method the one that is run; default: the model's
 * @param memory bytes of the machine
 * @throws SamsrError for a model that is not one of latents
 */
export function publishedSettings(
  model: UpscalingModel,
  memory: number,
  method: UpscaleSettings["method"] = kindOf(model).diffusion?.method,
): PresetSettings {
  if (networkOf(model).upscaling?.by !== "denoising latents") {
    throw new SamsrError(
      "preset published is for models of latents, as SAMSR, SinSR and ResShift are published; " +
        `${model.name} is none`,
    );
  }
  const tile = memory >= BYTES_FOR_512 ? 512 : 256;
  const overlap = tile / 8;
  const why =
    tile === 512
      ? ""
      : `; 512 need ${BYTES_FOR_512 / 1e9} GB of memory, and this machine has ${Math.round(memory / 1e9)}`;
  return {
    settings: {
      ...{ variant: "release", tiles: "alone", tile, overlap },
      ...(method !== undefined && method !== DDIM && SAMPLERS[method].semantic && { masks: "sam" }),
    },
    note: `preset published: tiles of ${tile} with a stride of ${tile - overlap}${why}`,
  };
}

/**
 * Returns what is said of an enlargement, over a preset where one is said too.
 * @param tell takes a line for people: which of the preset's tiles it is
 */
export function withPreset<T extends Pick<UpscaleSettings, "method">>(
  said: T & { readonly preset?: Preset },
  model: UpscalingModel,
  memory: number,
  tell: (line: string) => void = () => {},
): T {
  if (said.preset === undefined) return said;
  const { settings, note } = publishedSettings(model, memory, said.method);
  tell(note);
  const defined = Object.entries(said).filter(([, value]) => value !== undefined);
  return { ...settings, ...Object.fromEntries(defined) } as T;
}
