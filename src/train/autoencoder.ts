/** Trains the VQ autoencoder on whose latents diffusion may happen (Rombach et al. 2022, section 3.1). */
import { decodeLatent, encodeLatent, quantise, type VqConfig } from "../networks/index.js";
import type { Scope } from "../nn/index.js";
import * as o from "../onnx/index.js";
import { floatTensor } from "../runtime/index.js";
import type { Batches } from "./data/batches.js";
import { type PlainTrainingOptions, trainPlainly } from "./plain-training.js";

interface AutoencoderOptions extends PlainTrainingOptions {
  readonly config: VqConfig;
  /** Their hr is what is learnt; lq is not looked at. */
  readonly batches: Batches;
  readonly batch: number;
  /** Side of the pictures, which the autoencoder's factor divides. */
  readonly crop: number;
  readonly terms: AutoencoderWeights;
}

interface AutoencoderWeights {
  readonly reconstruction: number;
  readonly codebook: number;
  /** The weight beta of the commitment loss. */
  readonly commitment: number;
}

/**
 * Returns the objective of van den Oord et al. 2017 (arXiv 1711.00937, equation 3), with the absolute error
 * of VQ-GAN (Esser et al. 2021). Choosing the nearest code e has no gradient, so the decoder is given z +
 * sg(e - z): what it says of its input reaches the encoder as if nothing were quantised (straight-through),
 * and the codes learn by `codebook` alone. Input: hr [N, 3, H, W] in [-1, 1].
 * @returns the weighted sum, its terms, and the number of the code at each place [N, H / f, W / f]
 */
export function autoencoderLoss(
  p: Scope,
  config: VqConfig,
  { batch, crop }: { readonly batch: number; readonly crop: number },
  terms: AutoencoderWeights,
) {
  const image = o.input("hr", [batch, 3, crop, crop]);
  const z = encodeLatent(p, config, image);
  const { quantised, indices } = quantise(p, config, z);
  const made = decodeLatent(p, config, straightThrough(z, quantised));
  const reports = {
    reconstruction: o.reduceMean(o.abs(o.sub(made, image))),
    codebook: o.meanSquaredError(o.stopGradient(z), quantised),
    commitment: o.meanSquaredError(z, o.stopGradient(quantised)),
  };
  const weighted = (Object.keys(reports) as (keyof typeof reports)[]).map((name) =>
    o.mul(reports[name], terms[name]),
  );
  return { loss: weighted.reduce((a, b) => o.add(a, b)), reports, indices };
}

/** Returns the value of `quantised` with the gradient of `z`. */
export function straightThrough(z: o.Value, quantised: o.Value): o.Value {
  return o.add(z, o.stopGradient(o.sub(quantised, z)));
}

/** Trains the autoencoder. @returns its weights and their moving average */
export function trainAutoencoder(options: AutoencoderOptions): ReturnType<typeof trainPlainly> {
  const { config, batches, batch, crop, terms } = options;
  const feedsAt = async (index: number) => ({
    hr: floatTensor([batch, 3, crop, crop], (await batches.at(index)).hr),
  });
  return trainPlainly((p) => autoencoderLoss(p, config, { batch, crop }, terms), feedsAt, options);
}
