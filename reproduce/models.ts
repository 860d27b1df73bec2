/** What makes pictures larger: bicubic, the teacher, and the students of the runs. */
import { createHash } from "node:crypto";
import { mkdtemp, readFile, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { SamsrError } from "../src/base/errors.js";
import { createMethods } from "../src/evaluate/methods.js";
import type { EnlargeMethod } from "../src/evaluate/score.js";
import { isSourceName } from "../src/semantics/index.js";
import { bundleModel } from "../src/train/bundle.js";
import type { StudentConfig } from "../src/train/config/index.js";
import { createUpscaler, type Upscaler, type UpscaleSettings } from "../src/upscale/index.js";

/** Something that makes pictures larger, and can be measured. */
export interface Model {
  /** The folder among the runs that the model's scores are kept in. */
  readonly name: string;
  /** The step of a student whose weights along the way are measured. */
  readonly step?: number;
  /** A hash of all that decides the model's pictures; another one means another model. */
  readonly fingerprint: string;
  /** Opens the model, does something with it, and closes it. */
  use<T>(work: (enlarge: EnlargeMethod) => Promise<T>): Promise<T>;
}

/** The enlargement that the networks start from. */
export const BICUBIC: Model = {
  name: "bicubic",
  fingerprint: "bicubic",
  use: (work) => work(createMethods(["bicubic"]).get("bicubic")!),
};

/** How its network runs: `threads` on the CPU; default: all cores. */
export interface RunsOn {
  readonly threads?: number;
  readonly signal: AbortSignal;
}

/**
 * Makes the teacher in so many steps of its chain, as ResShift walks it. @param config of any of its students
 */
export async function teacherModel(
  steps: number,
  teacher: string,
  config: StudentConfig,
  runsOn: RunsOn,
): Promise<Model> {
  const settings = { method: "resshift", steps, seed: SEED } as const;
  // A model has both, and a chain asks the teacher alone.
  return opened(`resshift-${steps}`, { student: teacher, teacher }, config, settings, runsOn);
}

/** Makes a student from its weights. @param step whose weights they are, where they are of a run */
export async function studentModel(
  name: string,
  paths: { readonly student: string; readonly teacher: string },
  config: StudentConfig,
  step: number | undefined,
  runsOn: RunsOn,
): Promise<Model> {
  const { masks, variant, coefficients } = config.student;
  if (!isSourceName(masks))
    throw new SamsrError(`${name}: its masks lie in files, which other photos have none of`);
  const settings: UpscaleSettings =
    masks === "none"
      ? { method: "sinsr", steps: 1, seed: SEED }
      : { method: "samsr", steps: 1, seed: SEED, masks, variant, coefficients };
  return { ...(await opened(name, paths, config, settings, runsOn)), step };
}

/** The seed of the noise: every model has the same. */
const SEED = 0;

async function opened(
  name: string,
  paths: { readonly student: string; readonly teacher: string },
  { space, network, schedule, student: { m } }: StudentConfig,
  settings: UpscaleSettings,
  { threads, signal }: RunsOn,
): Promise<Model> {
  if (space !== "pixels") throw new SamsrError(`${name}: is of latents; the tables are of models of pixels`);
  const bundled = { config: network, training: { schedule, m } };
  const used = settings.method === "resshift" ? paths.teacher : paths.student;
  const facts = JSON.stringify({ bundled, settings });
  return {
    name,
    fingerprint: createHash("sha256")
      .update(facts)
      .update(await contentOf(used))
      .digest("hex"),
    async use(work) {
      const folder = await mkdtemp(join(tmpdir(), "samsr-reproduce-"));
      let upscaler: Upscaler | undefined;
      try {
        await bundleModel(name, paths, folder, { told: bundled });
        upscaler = await createUpscaler({ model: folder, device: "cpu", threads });
        const { upscale } = upscaler;
        return await work(async (lq) => (await upscale(lq, settings, { signal })).raster);
      } finally {
        await upscaler?.close();
        await rm(folder, { recursive: true, force: true });
      }
    },
  };
}

async function contentOf(path: string): Promise<Uint8Array> {
  return readFile(path).catch(() => {
    throw new SamsrError(`${path}: there is no such file; expected weights that samsr train wrote`);
  });
}
