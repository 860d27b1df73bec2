/** Which kind a model is of. */
import type { UpscalingModel } from "../checkpoints/index.js";
import type { Kind } from "./kind-type.js";
import { latentKind } from "./latent-graphs.js";
import { pixelKind } from "./pixel-graphs.js";

export type { Kind, Method } from "./kind-type.js";

export function kindOf(model: UpscalingModel): Kind {
  return model.network === "pixel-denoiser" ? pixelKind(model) : latentKind(model);
}
