/** A student's configuration as far as it follows from its teacher. */
import { SamsrError } from "../../base/errors.js";
import { isModelOf } from "../../checkpoints/index.js";
import { findWeights } from "../../checkpoints/store/index.js";
import { differingSize, PIXEL_DENOISER, SWIN_UNET, type SwinUNetConfig } from "../../networks/index.js";
import { tinyConfig } from "./tiny.js";

type Data = Readonly<Record<string, unknown>>;

/**
 * Fills up what a student's configuration leaves out and its teacher tells: where diffusion happens, the
 * network, the schedule, and the autoencoder of a teacher that is an installed model.
 * @param data of a file, not checked yet; undefined for none, where the recipe of samsr-tiny stands for it,
 *   or of a teacher of latents the paper's settings
 * @param teacher a file or a model; a teacher that cannot be found tells nothing, and is complained of later
 */
export async function filledFromTeacher(data: Data | undefined, teacher: string): Promise<Data> {
  const tiny = tinyConfig("student") as unknown as Data & { readonly network: SwinUNetConfig };
  const networks = [PIXEL_DENOISER, SWIN_UNET];
  const found = await findWeights(teacher, { networks, parts: ["teacher", "denoiser"] }).catch((error) => {
    if (error instanceof SamsrError) return undefined;
    throw error;
  });
  if (!found) return data ?? tiny;
  const onPixels = found.network === PIXEL_DENOISER;
  const known = (data ?? (onPixels ? tiny : { train: "student" })) as Data;
  const network = found.config as SwinUNetConfig;
  const isTiny = onPixels && differingSize(network, tiny.network) === undefined;
  const { schedule } = found.training ?? {};
  const own = found.model && isModelOf(found.model.description, SWIN_UNET) ? teacher : undefined;
  const taught = {
    ...(schedule && { schedule }),
    ...{ space: onPixels ? "pixels" : "latents", network: isTiny ? tiny.network : network },
    ...(own !== undefined && { autoencoder: own }),
  };
  if (!data) return { ...known, ...taught };
  // With a network of its own a file says where it works, too.
  if (data.network === undefined) return { ...taught, ...known };
  return { ...(schedule && { schedule }), ...(own !== undefined && { autoencoder: own }), ...known };
}
