/** The kinds of model: the one list from a description's `network` to what enlarges by it. */
import type { UpscalingModel } from "../../checkpoints/index.js";
import type { ModelKind } from "./kind.js";
import { latentKind } from "./latent.js";
import { pixelKind } from "./pixel.js";

export type { ModelKind } from "./kind.js";

/** What enlarges by a model: its graphs, the order in which tiles go through them, and its defaults. */
export function kindOf(model: UpscalingModel): ModelKind {
  switch (model.network) {
    case "pixel-denoiser":
      return pixelKind(model);
    case "latent-denoiser":
      return latentKind(model);
  }
}
