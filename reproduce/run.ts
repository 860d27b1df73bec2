/** npm run reproduce -- COMMAND ...: the tables of the paper at tiny scale; docs/reproduction.md says how. */
import { Command, CommanderError, InvalidArgumentError } from "commander";
import { SamsrError } from "../src/base/errors.js";
import { BUDGET } from "./budget.js";
import { CONFIGS, TEACHER } from "./places.js";
import { STUDENTS, studentNamed } from "./students.js";
import { trainStudents } from "./train.js";

const say = (line: string) => process.stderr.write(`${line}\n`);
const stop = new AbortController();
for (const signal of ["SIGINT", "SIGTERM", "SIGHUP"] as const) process.once(signal, () => stop.abort());

function whole(text: string): number {
  if (/^[1-9]\d*$/.test(text)) return Number(text);
  throw new InvalidArgumentError("Expected a whole number from 1 on.");
}

const program = new Command("reproduce")
  .description("The tables of the paper at tiny scale.")
  .exitOverride()
  .configureOutput({ outputError: () => {} });

interface TrainWords {
  teacher: string;
  data: string[];
  out: string;
  configs: string;
  steps: number;
  batch: number;
  keepEvery: number;
  parallel: number;
  device?: string;
  dataThreads?: number;
  threads?: number;
}

program
  .command("train")
  .description(`Trains the students that are missing: ${STUDENTS.map(({ name }) => name).join(", ")}.`)
  .argument("[names...]", "some of them (default: all)")
  .option("--teacher <file>", "weights of the teacher", TEACHER)
  .requiredOption("--data <folders...>", "folders of photos to train on")
  .option("--out <folder>", "where each run has a folder", "runs")
  .option("--configs <folder>", "where the recipes are", CONFIGS)
  .option("--steps <n>", "steps of each", whole, BUDGET.steps)
  .option("--batch <n>", "crops that a step takes", whole, BUDGET.batch)
  .option("--keep-every <n>", "steps between the weights that table 5 needs", whole, BUDGET.keepEvery)
  .option("--parallel <n>", "runs at the same time", whole, 1)
  .option("--device <name>", "handed on to samsr train")
  .option("--data-threads <n>", "handed on to samsr train", whole)
  .option("--threads <n>", "handed on to samsr train", whole)
  .action(async (names: string[], { steps, batch, keepEvery, ...options }: TrainWords) => {
    const students = names.length > 0 ? names.map(studentNamed) : STUDENTS;
    const budget = { ...BUDGET, steps, batch, keepEvery };
    const failed = await trainStudents(students, { ...options, budget, say, signal: stop.signal });
    if (failed > 0) process.exitCode = 1;
  });

try {
  await program.parseAsync(process.argv);
} catch (error) {
  const known = error instanceof CommanderError || error instanceof SamsrError;
  if (!known) throw error;
  // Of help, what there is to say is said.
  const shown = error instanceof CommanderError && error.code.startsWith("commander.help");
  if (!shown) say(`reproduce: ${error.message.replace(/^error: /, "")}`);
  process.exitCode = error instanceof CommanderError ? error.exitCode : 1;
}
