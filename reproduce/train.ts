/**
 * Trains the students that are missing, some of them at the same time, each by `samsr train` in a process of
 * its own.
 */
import { spawn } from "node:child_process";
import { mkdir, open, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { SamsrError } from "../src/base/errors.js";
import type { Budget } from "./budget.js";
import { COMMAND } from "./places.js";
import { exists, isFinished } from "./run-folder.js";
import { configOf, GUIDED_TEACHER, recipeIn, type Student } from "./students.js";

export interface TrainingOptions {
  readonly budget: Budget;
  readonly teacher: string;
  readonly data: readonly string[];
  /** Each run has a folder in it. */
  readonly out: string;
  /** Where the recipes are. */
  readonly configs: string;
  /** How many at the same time. */
  readonly parallel: number;
  /** Handed on to `samsr train`. */
  readonly device?: string;
  readonly dataThreads?: number;
  readonly threads?: number;
  readonly say: (line: string) => void;
  /** When it aborts, the runs save themselves and no other is begun. */
  readonly signal: AbortSignal;
}

/** @returns how many runs failed or were interrupted; each has a `train.log` that says why */
export async function trainStudents(students: readonly Student[], options: TrainingOptions): Promise<number> {
  const { out, parallel, say, signal } = options;
  if (!(await exists(COMMAND))) throw new SamsrError(`${COMMAND} is not there: npm run build makes it`);
  const due: Student[] = [];
  for (const student of students) {
    if (await isFinished(join(out, student.name))) say(`${student.name}: done already`);
    else due.push(student);
  }
  let failed = 0;
  // Trained once, when the first student that needs it is due.
  let guided: Promise<number> | undefined;
  const worker = async () => {
    for (let student = due.shift(); student && !signal.aborted; student = due.shift()) {
      if (student.guided) {
        guided ??= trainGuidedTeacher(options);
        if ((await guided) !== 0) {
          say(`${student.name}: its teacher was not trained`);
          failed++;
          continue;
        }
      }
      const { name, about } = student;
      const code = await timed(name, about, options, () => trainStudent(student, options));
      if (code !== 0) failed++;
    }
  };
  await Promise.all(Array.from({ length: parallel }, worker));
  return failed + due.length;
}

async function timed(
  name: string,
  about: string,
  { out, say }: TrainingOptions,
  work: () => Promise<number>,
): Promise<number> {
  const begun = performance.now();
  say(`${name}: ${about}; see ${join(out, name, "train.log")}`);
  const code = await work();
  const minutes = ((performance.now() - begun) / 60_000).toFixed(1);
  say(`${name}: ${code === 0 ? "done" : `ended with code ${code}`} after ${minutes} min`);
  return code;
}

const guidedWeights = ({ out }: TrainingOptions) => join(out, GUIDED_TEACHER.name, "teacher.safetensors");

/** By its own recipe, whatever the students' budget. @returns an exit code */
async function trainGuidedTeacher(options: TrainingOptions): Promise<number> {
  if (await exists(guidedWeights(options))) return 0;
  const { name, recipe } = GUIDED_TEACHER;
  const text = await recipeIn(options.configs, recipe);
  return timed(name, "the teacher goes on with masks", options, () =>
    samsrTrain("teacher", name, text, ["--start", options.teacher], options),
  );
}

async function trainStudent(student: Student, options: TrainingOptions): Promise<number> {
  const { budget, teacher, configs } = options;
  const by = student.guided ? guidedWeights(options) : teacher;
  const keepEvery = String(student.kept ? budget.keepEvery : budget.steps);
  const words = ["--teacher", by, "--keep-every", keepEvery];
  return samsrTrain("student", student.name, await configOf(student, budget, configs), words, options);
}

/** @returns the exit code of `samsr train`; 130 after an interrupt */
async function samsrTrain(
  kind: "teacher" | "student",
  name: string,
  recipeText: string,
  own: readonly string[],
  options: TrainingOptions,
): Promise<number> {
  const { data, device, dataThreads, threads, signal } = options;
  const out = join(options.out, name);
  await mkdir(out, { recursive: true });
  const recipe = join(out, "recipe.yaml");
  await writeFile(recipe, recipeText);
  const words = [
    ...["train", kind, "--config", recipe, ...own, "--data", ...data, "-o", out],
    ...(device === undefined ? [] : ["--device", device]),
    ...(dataThreads === undefined ? [] : ["--data-threads", String(dataThreads)]),
    ...(threads === undefined ? [] : ["--threads", String(threads)]),
    ...((await exists(join(out, "state.safetensors"))) ? ["--resume"] : []),
  ];
  const log = await open(join(out, "train.log"), "a");
  try {
    // In a group of its own: Ctrl-C reaches it once, through us; the second one would kill it before it has
    // saved.
    const child = spawn(process.execPath, [COMMAND, ...words], {
      stdio: ["ignore", log.fd, log.fd],
      detached: true,
    });
    const stop = () => void child.kill("SIGINT");
    signal.addEventListener("abort", stop);
    if (signal.aborted) stop();
    const code = await new Promise<number>((resolve, reject) => {
      child.once("error", reject);
      child.once("close", (code) => resolve(code ?? 130));
    });
    signal.removeEventListener("abort", stop);
    return code;
  } finally {
    await log.close();
  }
}
