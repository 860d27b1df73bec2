/** The kinds of model: the one way from a description to what enlarges by it. */
import {
  type LatentModel,
  networkOf,
  networksIn,
  type PixelModel,
  type UpscalingModel,
} from "../../checkpoints/description.js";
import { diffusionKind } from "./diffusion.js";
import { directKind } from "./direct.js";
import { guidedKind } from "./guided.js";
import { inFileKind } from "./in-file.js";
import type { ModelKind } from "./kind.js";
import { latentKind } from "./latent.js";
import { pixelKind } from "./pixel.js";

export type { ModelKind } from "./kind.js";

/**
 * Returns what enlarges by a model: its graphs, the order in which tiles go through them, and its defaults.
 */
export function kindOf(model: UpscalingModel): ModelKind {
  const upscaling = networkOf(model).upscaling!;
  switch (upscaling.by) {
    case "denoising pixels":
      return pixelKind(model as PixelModel, upscaling);
    case "denoising latents": {
      const { network, config } = networksIn(model).find(({ network }) => network.autoencoding)!;
      return latentKind(model as LatentModel, upscaling, network.autoencoding!, config);
    }
    case "one pass": {
      const [{ part, config }] = networksIn(model);
      return directKind(part, config, upscaling);
    }
    case "a file": {
      const [{ part, config }] = networksIn(model);
      return inFileKind(part, upscaling.io(config));
    }
    case "diffusing latents": {
      const [{ part, config }] = networksIn(model);
      return diffusionKind(part, config, upscaling);
    }
    case "guided pass": {
      const [generator, guide] = networksIn(model);
      return guidedKind({ ...generator, network: upscaling }, { ...guide, network: guide.network.guiding! });
    }
  }
}
