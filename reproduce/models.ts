/** What makes pictures larger: bicubic, the teacher, and the students of the runs. */
import { createHash } from "node:crypto";
import { readFile } from "node:fs/promises";
import { SamsrError } from "../src/base/errors.js";
import type { Contestant } from "../src/evaluate/benchmark/contestants.js";
import { STUDENT_SEED, studentSettings, toldOfStudent, withStudent } from "../src/evaluate/students.js";
import type { StudentConfig } from "../src/train/config/index.js";
import type { UpscaleSettings } from "../src/upscale/index.js";

export { BICUBIC } from "../src/evaluate/benchmark/contestants.js";

/**
 * Something that makes pictures larger, and can be measured; its scores are kept in the folder of its name.
 */
export interface Model extends Pick<Contestant, "name" | "fingerprint" | "use"> {
  /** The step of a student whose weights along the way are measured. */
  readonly step?: number;
}

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
  const settings = { method: "resshift", steps, seed: STUDENT_SEED } as const;
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
  const settings = studentSettings(name, config);
  return { ...(await opened(name, paths, config, settings, runsOn)), step };
}

async function opened(
  name: string,
  paths: { readonly student: string; readonly teacher: string },
  config: StudentConfig,
  settings: UpscaleSettings,
  runsOn: RunsOn,
): Promise<Model> {
  const told = toldOfStudent(name, config);
  const used = settings.method === "resshift" ? paths.teacher : paths.student;
  const facts = JSON.stringify({ bundled: told, settings });
  return {
    name,
    fingerprint: createHash("sha256")
      .update(facts)
      .update(await contentOf(used))
      .digest("hex"),
    use: (work) => withStudent(name, paths, settings, { ...runsOn, told }, work),
  };
}

async function contentOf(path: string): Promise<Uint8Array> {
  return readFile(path).catch(() => {
    throw new SamsrError(`${path}: there is no such file; expected weights that samsr train wrote`);
  });
}
