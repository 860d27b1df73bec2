/** The kinds of model: the one way from a description to what enlarges by it. */
import {
  type LatentModel,
  networkOf,
  networksIn,
  type PixelModel,
  type UpscalingModel,
} from "../../checkpoints/description.js";
import { directKind } from "./direct.js";
import { inFileKind } from "./in-file.js";
import type { ModelKind } from "./kind.js";
import { latentKind } from "./latent.js";
import { pixelKind } from "./pixel.js";

export type { ModelKind } from "./kind.js";

/** What enlarges by a model: its graphs, the order in which tiles go through them, and its defaults. */
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
  }
}
