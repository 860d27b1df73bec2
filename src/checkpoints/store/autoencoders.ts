/** Which autoencoder a denoiser uses that comes without one. */
import { SamsrError } from "../../base/errors.js";
import type { SwinUNetConfig, VqConfig } from "../../networks/index.js";
import { type InstalledModel, surveyModels } from "./find.js";

export interface StoredAutoencoder {
  /** The model in whose folder it lies. */
  readonly name: string;
  readonly config: VqConfig;
  /** As `weights` of another model's description names it. */
  readonly file: string;
}

/** Those in the store whose latents have so many channels; each file once, however many models use it. */
export async function autoencodersFor({ outChannels }: SwinUNetConfig): Promise<StoredAutoencoder[]> {
  const { models } = await surveyModels();
  return models.flatMap((model) => {
    const found = autoencoderOf(model);
    const fits = found?.config.latentChannels === outChannels && found.config.channelMult.length === 3;
    return found && fits ? [found] : [];
  });
}

function autoencoderOf({ place, description, missing }: InstalledModel): StoredAutoencoder | undefined {
  if (description.network !== "vq-autoencoder" && description.network !== "latent-denoiser") return undefined;
  const { name } = description;
  const file = description.weights.autoencoder;
  if (place !== "stored" || file.startsWith("../") || missing.includes(file)) return undefined;
  const config = description.network === "vq-autoencoder" ? description.config : description.autoencoder;
  return { name, config, file: `../${name}/${file}` };
}

/**
 * @param wanted the model to take it from, where the user says so
 * @throws {SamsrError} when there is none, or which of several is not said
 */
export async function autoencoderFor(
  config: SwinUNetConfig,
  path: string,
  wanted?: string,
): Promise<StoredAutoencoder> {
  const fitting = await autoencodersFor(config);
  const names = fitting.map(({ name }) => name).join(", ");
  if (wanted !== undefined) {
    const chosen = fitting.find(({ name }) => name === wanted);
    if (chosen) return chosen;
    throw new SamsrError(
      `--autoencoder ${wanted}: no stored model of that name has an autoencoder that fits ${path}; those that fit: ${names || "none"}`,
    );
  }
  if (fitting.length === 1) return fitting[0];
  if (fitting.length === 0) {
    throw new SamsrError(
      `${path} is a denoiser of latents, and no autoencoder for it is installed; give its file too, or first "samsr models pull vq-f4"`,
    );
  }
  throw new SamsrError(
    `${path}: several installed autoencoders fit (${names}); choose one with --autoencoder NAME`,
  );
}
