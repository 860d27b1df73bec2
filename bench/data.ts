/**
 * What training data costs a step of the teacher: how long it waits for its batch, and how much longer it
 * takes itself while the next ones are made beside it. Blocks of steps on batches that come take turns with
 * blocks on one batch that is there.
 */
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout } from "node:timers/promises";
import { encodeToFile } from "../src/image/index.js";
import { type Batch, createBatches } from "../src/train/data/batches.js";
import { openSource } from "../src/train/data/source.js";
import { startBatches } from "../src/train/data/threaded-batches.js";
import { TEACHER_RECIPE } from "../src/train/recipe.js";
import { grainyPicture } from "./picture.js";
import { type Bench, type Figure, figure } from "./report.js";
import { createTeacherStep } from "./teacher-step.js";

/** JPEG files of the size of ImageNet's photos. */
const PHOTOS = 24;
const [WIDTH, HEIGHT] = [500, 375];
/** Steps of a block that count, and before them those in which the batches made meanwhile are used up. */
const STEPS = 12;
const BEFORE = 5;
/** Enough for the batches that were begun to be done, so that the other block has the machine for itself. */
const SETTLE_MS = 2500;

type TeacherStep = Awaited<ReturnType<typeof createTeacherStep>>;

export const bench: Bench = async ({ threads, rounds = 3 }) => {
  const folder = await mkdtemp(join(tmpdir(), "samsr-bench-"));
  const teacher = await createTeacherStep(threads);
  const figures: Figure[] = [];
  try {
    const photo = await grainyPicture(WIDTH, HEIGHT);
    for (let i = 0; i < PHOTOS; i++) await encodeToFile(photo, join(folder, `${i}.jpg`), { format: "jpeg" });
    for (const degradation of ["mild", "real-esrgan"] as const) {
      figures.push(...(await measure(teacher, folder, degradation, rounds)));
    }
  } finally {
    await teacher.release();
    await rm(folder, { recursive: true });
  }
  const { batch, crop } = TEACHER_RECIPE;
  return {
    about:
      `Batches of ${batch} crops of ${crop} x ${crop} from ${PHOTOS} photos of ${WIDTH} x ${HEIGHT}, made in their thread ` +
      `while the teacher trains on ${threads} threads.`,
    figures,
  };
};

async function measure(
  teacher: TeacherStep,
  folder: string,
  degradation: "mild" | "real-esrgan",
  rounds: number,
): Promise<Figure[]> {
  const { batch, crop, seed } = TEACHER_RECIPE;
  const options = { folders: [folder], degradation, batch, crop, seed };
  const { source } = await openSource(options, () => {});
  const onSpot = createBatches({ source, batch, crop, seed });
  const threaded = await startBatches(options);
  const [made, waits, beside, alone, shares]: number[][] = [[], [], [], [], []];
  const still = await onSpot.at(0);
  let next = 0;
  for (let round = 0; round < rounds; round++) {
    for (let i = 0; i < BEFORE + STEPS; i++) {
      const [wait, step] = await stepOn(teacher, () => threaded.at(next++));
      if (i < BEFORE) continue;
      waits.push(wait);
      beside.push(step);
      shares.push((100 * wait) / (wait + step));
    }
    await setTimeout(SETTLE_MS);
    for (let i = 0; i < STEPS; i++) alone.push((await stepOn(teacher, async () => still))[1]);
    const start = performance.now();
    await onSpot.at(round);
    made.push(performance.now() - start);
  }
  await threaded.close();
  const median = (samples: number[]) => figure("", "", samples).median;
  const total = (samples: number[]) => samples.reduce((sum, value) => sum + value, 0);
  return [
    figure(`${degradation}: a batch made on the spot`, "ms", made),
    figure(`${degradation}: a step waits for its batch`, "ms", waits),
    figure(`${degradation}: longest wait`, "ms", Math.max(...waits)),
    figure(`${degradation}: share of the step's time`, "%", shares),
    figure(
      `${degradation}: share of all the time`,
      "%",
      (100 * total(waits)) / (total(waits) + total(beside)),
    ),
    figure(`${degradation}: the step itself, batches made beside it`, "ms", beside),
    figure(`${degradation}: the step itself, nothing made beside it`, "ms", alone),
    figure(`${degradation}: the one to the other`, "ratio", median(beside) / median(alone)),
  ];
}

/** @returns milliseconds until the batch is there, and from there on */
async function stepOn(
  teacher: TeacherStep,
  ask: () => Promise<Batch>,
): Promise<[wait: number, step: number]> {
  const start = performance.now();
  const batch = await ask();
  const there = performance.now();
  teacher.feed(batch);
  await teacher.network();
  await teacher.optimizer();
  return [there - start, performance.now() - there];
}
