import { mkdir } from "node:fs/promises";
import { join } from "node:path";
import {
  type CoverageModel,
  type ModelDescription,
  type PixelModel,
  writeSafetensors,
} from "../checkpoints/index.js";
import { writeFileAtomically } from "../image/index.js";
import { COVERAGE_NETWORK, type CoverageNetworkConfig, PIXEL_DENOISER } from "../networks/index.js";
import { readWeights } from "./checkpoint.js";
import { STUDENT_RECIPE } from "./recipe.js";

const LICENCE = "non-commercial research and education, as the photos that the weights were trained on";

/** Of a student, what running it takes. */
export type BundledStudent = Pick<PixelModel, "config" | "schedule" | "m">;

/** The bundled model's. */
export const TINY_STUDENT: BundledStudent = {
  config: STUDENT_RECIPE.config,
  schedule: STUDENT_RECIPE.schedule,
  m: STUDENT_RECIPE.m,
};

/**
 * Writes an installable model: both networks at half precision and `model.json`. The card is for people to write.
 * @param paths of the weights that `samsr train` left
 */
export async function bundleModel(
  name: string,
  { config, schedule, m }: BundledStudent,
  paths: { readonly student: string; readonly teacher: string },
  out: string,
): Promise<void> {
  await mkdir(out, { recursive: true });
  for (const part of ["student", "teacher"] as const) {
    const tensors = await readWeights(paths[part]);
    const metadata = { network: PIXEL_DENOISER.name, part };
    const bytes = writeSafetensors(tensors, { precision: "float16", metadata });
    await writeFileAtomically(join(out, `${part}.safetensors`), bytes, { overwrite: true });
  }
  const description: PixelModel = {
    name,
    summary: "photos x4 in one step, on pixels",
    licence: LICENCE,
    network: PIXEL_DENOISER.model.kind,
    config,
    schedule,
    m,
    weights: { student: "student.safetensors", teacher: "teacher.safetensors" },
  };
  await writeDescription(description, out);
}

/** The same for a coverage network: `model.json` and its weights, which keep the name `network`. */
export async function bundleCoverageModel(
  name: string,
  config: CoverageNetworkConfig,
  path: string,
  out: string,
): Promise<void> {
  await mkdir(out, { recursive: true });
  const tensors = await readWeights(path);
  const metadata = { network: COVERAGE_NETWORK.name };
  const bytes = writeSafetensors(tensors, { precision: "float16", metadata });
  await writeFileAtomically(join(out, "network.safetensors"), bytes, { overwrite: true });
  const description: CoverageModel = {
    name,
    summary: "how many masks cover each pixel, in one pass",
    licence: LICENCE,
    network: COVERAGE_NETWORK.model.kind,
    config,
    weights: { network: "network.safetensors" },
  };
  await writeDescription(description, out);
}

async function writeDescription(description: ModelDescription, out: string): Promise<void> {
  const json = new TextEncoder().encode(`${JSON.stringify(description, null, 2)}\n`);
  await writeFileAtomically(join(out, "model.json"), json, { overwrite: true });
}
