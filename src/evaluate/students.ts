/** Students as a training run leaves them, at work before anybody has made a model of them. */
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { SamsrError } from "../base/errors.js";
import { isSourceName } from "../semantics/index.js";
import { type BundleOptions, type BundleParts, bundleModel } from "../train/bundle.js";
import type { StudentConfig } from "../train/config/index.js";
import { createUpscaler, type Upscaler, type UpscaleSettings } from "../upscale/index.js";
import type { EnlargeMethod } from "./score.js";

/** The seed of the noise: every student has the same. */
export const STUDENT_SEED = 0;

/**
 * Returns what there is to tell of a student of pixels whose file does not, as its configuration says.
 * @param name for errors
 * @throws SamsrError for a student of latents
 */
export function toldOfStudent(
  name: string,
  { space, network, schedule, student: { m } }: StudentConfig,
): NonNullable<BundleOptions["told"]> {
  if (space !== "pixels") throw new SamsrError(`${name}: is of latents; expected a student of pixels`);
  return { config: network, training: { schedule, m } };
}

/**
 * Returns the single step that a student was taught, as settings of an upscale.
 * @throws SamsrError for one whose masks lie in files
 */
export function studentSettings(name: string, { student }: StudentConfig): UpscaleSettings {
  const { masks, variant, coefficients } = student;
  if (!isSourceName(masks)) {
    throw new SamsrError(`${name}: its masks lie in files, which other photos have none of`);
  }
  if (masks === "none") return { method: "sinsr", steps: 1, seed: STUDENT_SEED };
  return { method: "samsr", steps: 1, seed: STUDENT_SEED, masks, variant, coefficients };
}

interface StudentRuns extends Pick<BundleOptions, "told"> {
  readonly threads?: number;
  readonly signal?: AbortSignal;
}

/** Opens weights as a model in a temporary folder, does something with it, and takes the folder away. */
export async function withStudent<T>(
  name: string,
  parts: BundleParts,
  settings: UpscaleSettings,
  { threads, signal, told }: StudentRuns,
  work: (enlarge: EnlargeMethod) => Promise<T>,
): Promise<T> {
  const folder = await mkdtemp(join(tmpdir(), "samsr-student-"));
  let upscaler: Upscaler | undefined;
  try {
    await bundleModel(name, parts, folder, { told });
    upscaler = await createUpscaler({ model: folder, device: "cpu", threads });
    const { upscale } = upscaler;
    return await work(async (lq) => (await upscale(lq, settings, { signal })).raster);
  } finally {
    await upscaler?.close();
    await rm(folder, { recursive: true, force: true });
  }
}
