import { join } from "node:path";
import { bundleModel } from "../train/bundle.js";
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
  readonly resume?: boolean;
  readonly steps?: number;
  readonly threads?: number;
}

/** As a shell reports a program that SIGINT ended. */
const INTERRUPTED = 130;

const say = (line: string) => process.stderr.write(`${line}\n`);

async function loadBatches(data: readonly string[], batch: number, crop: number, seed: number) {
  const { photos, skipped } = await loadPhotos(data);
  for (const { file, reason } of skipped) say(`skipped ${file}: ${reason}`);
  say(`${photos.length} photos`);
  return prefetch(createBatches({ photos, batch, crop, seed, degradation: mildDegradation(mildTraining) }));
}

/** What both kinds of run take from the command line. */
function shared(args: TrainArguments, signal: AbortSignal) {
  return {
    out: args.out,
    resume: args.resume ?? false,
    saveEvery: 250,
    reportEvery: 50,
    report: say,
    signal,
    session: { threads: args.threads, spinning: false },
  };
}

export async function trainTeacherCommand(args: TrainArguments, signal: AbortSignal): Promise<number> {
  const recipe = { ...TEACHER_RECIPE, steps: args.steps ?? TEACHER_RECIPE.steps };
  const batches = await loadBatches(args.data, recipe.batch, recipe.crop, recipe.seed);
  const { weights, average } = await trainTeacher({ ...recipe, ...shared(args, signal), batches });
  return finish(join(args.out, "teacher.safetensors"), weights, average, recipe.steps, signal);
}

export async function trainStudentCommand(
  args: TrainArguments & { readonly teacher: string },
  signal: AbortSignal,
): Promise<number> {
  const recipe = { ...STUDENT_RECIPE, steps: args.steps ?? STUDENT_RECIPE.steps };
  const teacher = await readWeights(args.teacher);
  const batches = await loadBatches(args.data, recipe.batch, recipe.crop, recipe.seed);
  const { weights, average } = await trainStudent({ ...recipe, ...shared(args, signal), batches, teacher });
  return finish(join(args.out, "student.safetensors"), weights, average, recipe.steps, signal);
}

/** What is shipped is the moving average; an interrupted run keeps its state for --resume instead. */
async function finish(
  path: string,
  weights: Weights,
  average: Float32Array,
  steps: number,
  signal: AbortSignal,
): Promise<number> {
  if (signal.aborted) {
    say("interrupted; go on with --resume");
    return INTERRUPTED;
  }
  const metadata = { network: "pixel-denoiser", steps: String(steps) };
  await saveWeights(path, weights, average, { precision: "float32", metadata });
  say(path);
  return 0;
}

export interface BundleArguments {
  readonly student: string;
  readonly teacher: string;
  readonly name: string;
  readonly out: string;
}

export async function bundleCommand({ name, out, ...paths }: BundleArguments): Promise<number> {
  await bundleModel(name, paths, out);
  say(`${out}: write its CARD.md before you pass it on`);
  return 0;
}
