import { mkdir } from "node:fs/promises";
import { join } from "node:path";
import { type PixelModel, writeSafetensors } from "../checkpoints/index.js";
import { writeFileAtomically } from "../image/index.js";
import { readWeights } from "./checkpoint.js";
import { STUDENT_RECIPE } from "./recipe.js";

/**
 * Writes an installable model: both networks at half precision and `model.json`. The card is for people to write.
 * @param paths of the weights that `samsr train` left
 */
export async function bundleModel(
  name: string,
  paths: { readonly student: string; readonly teacher: string },
  out: string,
): Promise<void> {
  await mkdir(out, { recursive: true });
  for (const part of ["student", "teacher"] as const) {
    const tensors = await readWeights(paths[part]);
    const metadata = { network: "pixel-denoiser", part };
    const bytes = writeSafetensors(tensors, { precision: "float16", metadata });
    await writeFileAtomically(join(out, `${part}.safetensors`), bytes, { overwrite: true });
  }
  const { config, schedule, m } = STUDENT_RECIPE;
  const description: PixelModel = {
    name,
    summary: "photos x4 in one step, on pixels",
    licence: "non-commercial research and education, as the photos that the weights were trained on",
    network: "pixel-denoiser",
    config,
    schedule,
    m,
    weights: { student: "student.safetensors", teacher: "teacher.safetensors" },
  };
  const json = new TextEncoder().encode(`${JSON.stringify(description, null, 2)}\n`);
  await writeFileAtomically(join(out, "model.json"), json, { overwrite: true });
}
