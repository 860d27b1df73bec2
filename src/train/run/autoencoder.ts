/** A run of the VQ autoencoder, on whose latents teachers and students may be trained. */
import { trainAutoencoder } from "../autoencoder.js";
import { type AutoencoderConfig, autoencoderOptions } from "../config/index.js";
import { finish, onBatches, type TrainingRun, trainerOptions } from "./training-run.js";

/** Trains an autoencoder. @returns the file of its weights; undefined for an interrupted run */
export async function runAutoencoder(
  config: AutoencoderConfig,
  run: TrainingRun,
): Promise<string | undefined> {
  const options = { ...autoencoderOptions(config), ...trainerOptions(config, run) };
  // Nothing is degraded, so the cheapest way will do.
  const recipe = { ...config.data, degradation: "bicubic", pool: undefined } as const;
  const trained = await onBatches(config, recipe, run, undefined, (batches) =>
    trainAutoencoder({ ...options, batches }),
  );
  return finish(run, "autoencoder.safetensors", trained, config);
}
