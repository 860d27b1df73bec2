import { mkdir } from "node:fs/promises";
import { join } from "node:path";
import { checkOptions, checkText } from "../base/arguments.js";
import { SamsrError } from "../base/errors.js";
import {
  blendWeights,
  type CoverageModel,
  type ModelDescription,
  type Told,
  writeSafetensors,
} from "../checkpoints/index.js";
import { type FoundWeights, findWeights } from "../checkpoints/store/index.js";
import { writeFileAtomically } from "../image/index.js";
import {
  COVERAGE_NETWORK,
  type Companion,
  type CoverageNetworkConfig,
  type Network,
  PIXEL_DENOISER,
  SWIN_UNET,
  VQ_AUTOENCODER,
} from "../networks/index.js";
import { readWeights } from "./checkpoint.js";
import { toldBeside } from "./config/run-config.js";
import { STUDENT_RECIPE } from "./recipe.js";

const LICENCE = "non-commercial research and education, as the photos that the weights were trained on";

/** The files or installed models that a bundle is made of. */
export interface BundleParts {
  readonly student: string;
  /** The teacher of a student of pixels, whose model holds it too. */
  readonly teacher?: string;
  /** The autoencoder of a student of latents. */
  readonly autoencoder?: string;
  /**
   * The other end of a student of pixels, taught on for detail from the same weights; left out, it is at
   * one detail.
   */
  readonly sharp?: string;
}

const PARTS = { student: "string", teacher: "string", autoencoder: "string", sharp: "string" } as const;

export interface BundleOptions {
  /**
   * What there is to tell of the student; default: what its file tells, or the configuration beside it, or
   * else what the bundled model was taught.
   */
  readonly told?: Pick<Told, "config" | "training">;
  /**
   * How far, with a sharp end, from the student to it the model is unless told, 0 to less than 1; default
   * 0.5. The student that is written is at that detail, so that the usual one costs no blending.
   */
  readonly detail?: number;
}

/**
 * Writes an installable model: its networks at half precision and `model.json`, with what the student was
 * taught. The card is for people to write.
 * @param parts as `findWeights` takes them: the weights that `samsr train` left
 * @param out the folder
 * @throws {SamsrError} when a part is missing or too many, is no such network, or two do not go together
 */
export async function bundleModel(
  name: string,
  parts: BundleParts,
  out: string,
  options: BundleOptions = {},
): Promise<void> {
  checkOptions("bundleModel", options, { told: "object", detail: "number" });
  const { told, detail = 0.5 } = options;
  checkOptions("bundleModel", parts, PARTS);
  const wanted = { networks: [PIXEL_DENOISER, SWIN_UNET], beside: toldBeside };
  const student = await findWeights(parts.student, { ...wanted, parts: ["student", "denoiser"] });
  const { config, training = {} } = { ...student, ...told };
  const words = { name, licence: LICENCE };
  if (student.network === PIXEL_DENOISER) {
    if (parts.autoencoder !== undefined) throw refused(student.name, "pixels", "autoencoder");
    if (parts.teacher === undefined) throw lacking(student.name, "pixels", "teacher");
    const teacher = await findWeights(parts.teacher, { networks: [PIXEL_DENOISER], parts: ["teacher"] });
    const ends = parts.sharp === undefined ? { student } : await twoEnds(student, parts.sharp, detail);
    // A chain is the teacher's in such a model, whoever stands in for the student.
    const { method, ...taught } = training;
    await writeModel(
      out,
      student.network,
      { teacher, ...ends },
      {
        ...{ ...words, summary: "photos x4 in one step, on pixels", network: PIXEL_DENOISER.model.kind },
        ...{ config, schedule: STUDENT_RECIPE.schedule, m: STUDENT_RECIPE.m, ...taught },
        ...(method === "sinsr" && { method }),
        ...("sharp" in ends && { detail }),
      },
    );
    return;
  }
  for (const part of ["teacher", "sharp"] as const) {
    if (parts[part] !== undefined) throw refused(student.name, "latents", part);
  }
  if (parts.autoencoder === undefined) throw lacking(student.name, "latents", "autoencoder");
  const autoencoder = await findWeights(parts.autoencoder, { networks: [VQ_AUTOENCODER] });
  const { weights, training: modelOf } = SWIN_UNET.model;
  const conflict = (weights.autoencoder as Companion<unknown>).conflict({ config }, autoencoder.config);
  if (conflict)
    throw new SamsrError(`${student.name} and ${autoencoder.name} do not go together: ${conflict}`);
  await writeModel(
    out,
    student.network,
    { denoiser: student, autoencoder },
    {
      ...{ ...words, summary: "photos x4 in one step, on latents", network: SWIN_UNET.model.kind },
      ...{ config, autoencoder: autoencoder.config, ...modelOf!(training) },
    },
  );
}

/**
 * Returns a student at a detail between its two ends, and the sharp one.
 * @throws SamsrError when the two cannot be blended
 */
async function twoEnds(
  student: FoundWeights,
  given: string,
  detail: number,
): Promise<{ student: FoundWeights; sharp: FoundWeights }> {
  const sharp = await findWeights(given, { networks: [PIXEL_DENOISER], parts: ["sharp", "student"] });
  const [first, second] = await Promise.all(
    [student, sharp].map(async ({ name, load }) => ({ name, tensors: await load() })),
  );
  const standing = blendWeights(first, second, detail);
  return { student: { ...student, load: async () => standing }, sharp };
}

const lacking = (student: string, space: string, part: string) =>
  new SamsrError(`${student}: is of ${space}; its model needs the ${part} too (--${part})`);

const refused = (student: string, space: string, part: string) =>
  new SamsrError(`${student}: is of ${space}, whose model holds no ${part}; leave --${part} out`);

/** Writes each part's weights, and then the description that names them. */
async function writeModel(
  out: string,
  network: Network,
  parts: Readonly<Record<string, FoundWeights>>,
  told: object,
): Promise<void> {
  const weights = Object.fromEntries(Object.keys(parts).map((part) => [part, `${part}.safetensors`]));
  const description = { ...told, weights } as ModelDescription;
  await beginFolder("bundleModel", description, network, out);
  for (const [part, { network, load }] of Object.entries(parts)) {
    const metadata = { network: network.name, part };
    const bytes = writeSafetensors(await load(), { precision: "float16", metadata });
    await writeFileAtomically(join(out, weights[part]), bytes, { overwrite: true });
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
