import { join } from "node:path";
import { readWeights, saveWeights } from "../train/checkpoint.js";
import { createBatches } from "../train/data/batches.js";
import { mildDegradation, mildTraining } from "../train/data/degrade.js";
import { loadPhotos } from "../train/data/photos.js";
import { prefetch } from "../train/data/prefetch.js";
import { STUDENT_RECIPE, TEACHER_RECIPE } from "../train/recipe.js";
import { trainStudent } from "../train/student.js";
import { trainTeacher } from "../train/teacher.js";
import type { Weights } from "../train/weights.js";

export interface TrainArguments {
  readonly data: readonly string[];
  readonly out: string;
  readonly resume: boolean;
  readonly steps?: number;
  readonly threads?: number;
  readonly signal?: AbortSignal;
}

const say = (line: string) => process.stderr.write(`${line}\n`);

async function loadBatches(data: readonly string[], batch: number, crop: number, seed: number) {
  const { photos, skipped } = await loadPhotos(data);
  for (const { file, reason } of skipped) say(`skipped ${file}: ${reason}`);
  say(`${photos.length} photos`);
  return prefetch(createBatches({ photos, batch, crop, seed, degradation: mildDegradation(mildTraining) }));
}

/** What both kinds of run take from the command line. */
function shared(args: TrainArguments) {
  return {
    out: args.out,
    resume: args.resume,
    saveEvery: 250,
    reportEvery: 50,
    report: say,
    signal: args.signal,
    session: { threads: args.threads, spinning: false },
  };
}

export async function trainTeacherCommand(args: TrainArguments): Promise<void> {
  const recipe = { ...TEACHER_RECIPE, steps: args.steps ?? TEACHER_RECIPE.steps };
  const batches = await loadBatches(args.data, recipe.batch, recipe.crop, recipe.seed);
  const { weights, average } = await trainTeacher({ ...recipe, ...shared(args), batches });
  await save(join(args.out, "teacher.safetensors"), weights, average, recipe.steps);
}

export async function trainStudentCommand(
  args: TrainArguments & { readonly teacher: string },
): Promise<void> {
  const recipe = { ...STUDENT_RECIPE, steps: args.steps ?? STUDENT_RECIPE.steps };
  const teacher = await readWeights(args.teacher);
  const batches = await loadBatches(args.data, recipe.batch, recipe.crop, recipe.seed);
  const { weights, average } = await trainStudent({ ...recipe, ...shared(args), batches, teacher });
  await save(join(args.out, "student.safetensors"), weights, average, recipe.steps);
}

function save(path: string, weights: Weights, average: Float32Array, steps: number): Promise<void> {
  const metadata = { network: "pixel-denoiser", steps: String(steps) };
  return saveWeights(path, weights, average, { precision: "float32", metadata });
}
