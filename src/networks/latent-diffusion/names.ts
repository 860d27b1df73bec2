/** Where the parts of latent diffusion stand in a published file. */
import { createScope, type Scope, type StateDict } from "../../nn/index.js";

export const UNET = "model.diffusion_model.";
export const AUTOENCODER = "first_stage_model.";

/** What begins the names of the moving average; further on they have no dots. */
export const AVERAGE = "model_ema.";

/** Names beside the weights: the schedule, and the counters of the moving average. */
export const BUFFERS =
  /^(betas|(sqrt_)?alphas_cumprod(_prev)?|(sqrt|log)_one_minus_alphas_cumprod|sqrt_recip(m1)?_alphas_cumprod|posterior_(variance|log_variance_clipped|mean_coef[12])|lvlb_weights|logvar|scale_factor|model_ema\.(decay|num_updates))$/;

/** Returns the name under which the moving average of a weight of the UNet stands. */
function averageOf(name: string): string {
  return AVERAGE + (UNET.slice("model.".length) + name).replaceAll(".", "");
}

/** Returns a scope of the averages of the UNet's weights. */
export function averages(p: Scope): Scope {
  return createScope((name, shape, initializer) => p.parameter(averageOf(name), shape, initializer));
}

/**
 * Returns the weights that pictures are sampled with, by the UNet's own names: their averages where the file
 * has them.
 */
export function sampled(weights: StateDict): StateDict {
  const chosen = new Map<string, NonNullable<ReturnType<StateDict["get"]>>>();
  for (const [name, tensor] of weights) {
    if (name.startsWith(UNET)) chosen.set(name, weights.get(averageOf(name.slice(UNET.length))) ?? tensor);
    else if (name.startsWith(AUTOENCODER)) chosen.set(name, tensor);
  }
  return chosen;
}
