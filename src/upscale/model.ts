import { SamsrError } from "../base/errors.js";
import type { PixelModel } from "../checkpoints/index.js";
import { findModel, type InstalledModel } from "../checkpoints/store/index.js";

/**
 * A model for an upscaler, by its name or folder.
 * @throws {SamsrError} when there is none, or it is of a kind that enlarges nothing
 */
export async function findUpscalingModel(nameOrFolder: string): Promise<InstalledModel<PixelModel>> {
  const model = await findModel(nameOrFolder);
  const { description } = model;
  if (description.network === "pixel-denoiser") return { ...model, description };
  const why =
    description.network === "latent-denoiser"
      ? "works on latents, which this version does not run yet"
      : "enlarges no pictures";
  throw new SamsrError(`the model ${nameOrFolder} is a ${description.network}: it ${why}; choose another`);
}
