import { mkdir } from "node:fs/promises";
import { dirname, join } from "node:path";
import { checkText } from "../base/arguments.js";
import { SamsrError } from "../base/errors.js";
import {
  blendWeights,
  type CoverageModel,
  type ModelDescription,
  type PixelModel,
  writeSafetensors,
} from "../checkpoints/index.js";
import { writeFileAtomically } from "../image/index.js";
import {
  COVERAGE_NETWORK,
  type CoverageNetworkConfig,
  type Network,
  PIXEL_DENOISER,
} from "../networks/index.js";
import type { StateDict } from "../nn/index.js";
import { readNamedWeights } from "./blend.js";
import { readWeights } from "./checkpoint.js";
import { runConfig } from "./config/run-config.js";
import { STUDENT_RECIPE } from "./recipe.js";

const LICENCE = "non-commercial research and education, as the photos that the weights were trained on";

/** What running a student takes. */
export type BundledStudent = Pick<PixelModel, "config" | "schedule" | "m">;

/** The bundled model's. */
export const TINY_STUDENT: BundledStudent = {
  config: STUDENT_RECIPE.config,
  schedule: STUDENT_RECIPE.schedule,
  m: STUDENT_RECIPE.m,
};

/**
 * What running a student takes, as the configuration says that lies beside its weights; without one it is the
 * bundled model's.
 * @throws SamsrError for a student of latents, which `samsr models add` makes a model of
 */
export async function bundledStudent(weights: string): Promise<BundledStudent> {
  checkText("the path of a student's weights", weights);
  const config = await runConfig(dirname(weights));
  if (config?.train !== "student") return TINY_STUDENT;
  if (config.space !== "pixels") {
    throw new SamsrError(
      `${weights}: is of latents; samsr models add makes a model of it, with its teacher's schedule and an autoencoder`,
    );
  }
  return { config: config.network, schedule: config.schedule, m: config.student.m };
}

/** The files of a bundle's weights. */
export interface BundlePaths {
  readonly student: string;
  readonly teacher: string;
  /** The student's other end, taught on for detail from the same weights; left out, it is at one detail. */
  readonly sharp?: string;
}

/**
 * Writes an installable model: its networks at half precision and `model.json`. The card is for people to
 * write.
 * @param paths of the weights that `samsr train` left
 * @param out the folder
 * @param detail with a sharp end, how far from the student to it the model is unless told, 0 to less than 1;
 *   the student that is written is at that detail, so that the usual one costs no blending
 * @throws SamsrError for a student that is none, for files that are missing or damaged, and when the two ends
 *   are not of one network
 */
export async function bundleModel(
  name: string,
  bundled: BundledStudent,
  paths: BundlePaths,
  out: string,
  detail = 0.5,
): Promise<void> {
  for (const part of ["student", "teacher"] as const)
    checkText(`bundleModel: the ${part}'s weights`, paths?.[part]);
  const { student, sharp } = paths;
  const description: PixelModel = {
    name,
    summary: "photos x4 in one step, on pixels",
    licence: LICENCE,
    network: PIXEL_DENOISER.model.kind,
    ...bundled,
    ...(sharp !== undefined && { detail }),
    weights: {
      ...{ student: "student.safetensors", teacher: "teacher.safetensors" },
      ...(sharp !== undefined && { sharp: "sharp.safetensors" }),
    },
  };
  let standing: StateDict | undefined;
  if (sharp !== undefined) {
    const [first, second] = await Promise.all([student, sharp].map(readNamedWeights));
    standing = blendWeights(first, second, detail);
  }
  await beginFolder("bundleModel", description, PIXEL_DENOISER, out);
  for (const [part, path] of Object.entries<string | undefined>({ ...paths })) {
    if (path === undefined) continue;
    const tensors = (part === "student" && standing) || (await readWeights(path));
    const metadata = { network: PIXEL_DENOISER.name, part };
    const bytes = writeSafetensors(tensors, { precision: "float16", metadata });
    await writeFileAtomically(join(out, `${part}.safetensors`), bytes, { overwrite: true });
  }
  await writeDescription(description, out);
}

/**
 * Writes the folder of a coverage network's model: `model.json` and its weights, which keep the name
 * `network`.
 * @param path of the weights that `samsr train` left
 * @param out the folder
 * @throws SamsrError for a configuration that is none, and for a file that is missing or damaged
 */
export async function bundleCoverageModel(
  name: string,
  config: CoverageNetworkConfig,
  path: string,
  out: string,
): Promise<void> {
  checkText("bundleCoverageModel: the weights", path);
  const description: CoverageModel = {
    name,
    summary: "how many masks cover each pixel, in one pass",
    licence: LICENCE,
    network: COVERAGE_NETWORK.model.kind,
    config,
    weights: { network: "network.safetensors" },
  };
  await beginFolder("bundleCoverageModel", description, COVERAGE_NETWORK, out);
  const tensors = await readWeights(path);
  const metadata = { network: COVERAGE_NETWORK.name };
  const bytes = writeSafetensors(tensors, { precision: "float16", metadata });
  await writeFileAtomically(join(out, "network.safetensors"), bytes, { overwrite: true });
  await writeDescription(description, out);
}

/** Makes the folder, once the description is one that can be read again. */
async function beginFolder(
  of: string,
  description: ModelDescription,
  { model }: Network,
  out: string,
): Promise<void> {
  checkText(`${of}: the folder`, out);
  const complaint = model.json.check(description, "");
  if (complaint) throw new SamsrError(`${of}: ${complaint}`);
  await mkdir(out, { recursive: true });
}

async function writeDescription(description: ModelDescription, out: string): Promise<void> {
  const json = new TextEncoder().encode(`${JSON.stringify(description, null, 2)}\n`);
  await writeFileAtomically(join(out, "model.json"), json, { overwrite: true });
}
