import { join } from "node:path";
import { saveWeights } from "../train/checkpoint.js";
import { createBatches } from "../train/data/batches.js";
import { mildDegradation, mildTraining } from "../train/data/degrade.js";
import { loadPhotos } from "../train/data/photos.js";
import { prefetch } from "../train/data/prefetch.js";
import { TEACHER_RECIPE } from "../train/recipe.js";
import { trainTeacher } from "../train/teacher.js";

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

export async function trainTeacherCommand(args: TrainArguments): Promise<void> {
  const recipe = { ...TEACHER_RECIPE, steps: args.steps ?? TEACHER_RECIPE.steps };
  const batches = await loadBatches(args.data, recipe.batch, recipe.crop, recipe.seed);
  const { weights, average } = await trainTeacher({
    ...recipe,
    batches,
    out: args.out,
    resume: args.resume,
    saveEvery: 250,
    reportEvery: 50,
    report: say,
    signal: args.signal,
    session: { threads: args.threads ?? 2, spinning: false },
  });
  const metadata = { network: "pixel-denoiser", steps: String(recipe.steps) };
  await saveWeights(join(args.out, "teacher.safetensors"), weights, average, {
    precision: "float32",
    metadata,
  });
}
