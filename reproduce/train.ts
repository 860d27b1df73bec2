/** Trains the students that are missing, some of them at the same time, each by `samsr train` in a process of its own. */
import { spawn } from "node:child_process";
import { mkdir, open, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { SamsrError } from "../src/base/errors.js";
import type { Budget } from "./budget.js";
import { COMMAND } from "./places.js";
import { exists, isFinished } from "./run-folder.js";
import { configOf, type Student } from "./students.js";

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
  const worker = async () => {
    for (let student = due.shift(); student && !signal.aborted; student = due.shift()) {
      const begun = performance.now();
      say(`${student.name}: ${student.about}; see ${join(out, student.name, "train.log")}`);
      const code = await trainStudent(student, options);
      const minutes = ((performance.now() - begun) / 60_000).toFixed(1);
      say(`${student.name}: ${code === 0 ? "done" : `ended with code ${code}`} after ${minutes} min`);
      if (code !== 0) failed++;
    }
  };
  await Promise.all(Array.from({ length: parallel }, worker));
  return failed + due.length;
}

/** @returns the exit code of `samsr train`; 130 after an interrupt */
async function trainStudent(student: Student, options: TrainingOptions): Promise<number> {
  const { budget, teacher, data, device, dataThreads, threads, signal } = options;
  const out = join(options.out, student.name);
  await mkdir(out, { recursive: true });
  const recipe = join(out, "recipe.yaml");
  await writeFile(recipe, await configOf(student, budget, options.configs));
  const words = [
    ...["train", "student", "--config", recipe, "--teacher", teacher, "--data", ...data, "-o", out],
    ...["--keep-every", String(student.kept ? budget.keepEvery : budget.steps)],
    ...(device === undefined ? [] : ["--device", device]),
    ...(dataThreads === undefined ? [] : ["--data-threads", String(dataThreads)]),
    ...(threads === undefined ? [] : ["--threads", String(threads)]),
    ...((await exists(join(out, "state.safetensors"))) ? ["--resume"] : []),
  ];
  const log = await open(join(out, "train.log"), "a");
  try {
    // In a group of its own: Ctrl-C reaches it once, through us; the second one would kill it before it has saved.
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
