/**
 * npm run reproduce -- COMMAND ...: the tables of the paper at tiny scale; docs/reproduction.md says how. The
 * program as a function: words in, an exit code out.
 */
import { mkdir } from "node:fs/promises";
import { dirname } from "node:path";
import { Command, CommanderError, InvalidArgumentError, Option } from "commander";
import { SamsrError } from "../src/base/errors.js";
import { folderSet, PROTOCOLS, type Protocol, validationSet } from "../src/evaluate/benchmark/data-sets.js";
import { readPristineModel } from "../src/evaluate/niqe/niqe.js";
import { writeFileAtomically } from "../src/image/index.js";
import { blendTable } from "./blends.js";
import { BUDGET } from "./budget.js";
import { coverageTables } from "./coverage.js";
import { drawAll } from "./drawings.js";
import { pack } from "./gpu/pack.js";
import { makePage } from "./page.js";
import { CONFIGS, NIQE, TEACHER } from "./places.js";
import { STUDENTS, studentNamed } from "./students.js";
import { TABLES } from "./tables.js";
import { trainStudents } from "./train.js";

const say = (line: string) => process.stderr.write(`${line}\n`);

function whole(text: string): number {
  if (/^[1-9]\d*$/.test(text)) return Number(text);
  throw new InvalidArgumentError("Expected a whole number from 1 on.");
}

/** Reads one more of several shares, a number from 0 to 1. */
function share(text: string, others: readonly number[] = []): number[] {
  const value = Number(text);
  if (text.trim() !== "" && value >= 0 && value <= 1) return [...others, value];
  throw new SamsrError(`--shares: expected numbers from 0 to 1, not "${text}"`);
}

/** The exit code after SIGINT, as shells have it. */
const INTERRUPTED = 130;

/**
 * Runs the program with these words to its end.
 * @param signal aborting it saves what runs and begins nothing more
 * @returns the exit code
 * @throws what is a bug
 */
export async function runProgram(
  words: readonly string[],
  { signal }: { readonly signal: AbortSignal },
): Promise<number> {
  let exitCode = 0;
  const program = defineProgram(signal, (code) => void (exitCode ||= code));
  try {
    await program.parseAsync(words, { from: "user" });
  } catch (error) {
    if (signal.aborted) {
      say("reproduce: interrupted; what is done is kept, and the same command goes on");
      return INTERRUPTED;
    }
    const known = error instanceof CommanderError || error instanceof SamsrError;
    if (!known) throw error;
    // Of help, what there is to say is said.
    const shown = error instanceof CommanderError && error.code.startsWith("commander.help");
    if (!shown) say(`reproduce: ${error.message.replace(/^error: /, "")}`);
    return error instanceof CommanderError ? error.exitCode : 1;
  }
  return exitCode;
}

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

interface TableWords {
  readonly protocol?: Protocol;
  runs: string;
  val?: string[];
  real?: string[];
  limit?: number;
  teacher: string;
  niqeModel: string;
  threads?: number;
  write?: string;
}

interface PackWords {
  config: string;
  data: string[];
  out: string;
  teacher?: string;
  start?: string;
  resumeFrom?: string;
  mostMegabytes: number;
  quality?: number;
}

function defineProgram(signal: AbortSignal, done: (exitCode: number) => void): Command {
  const program = new Command("reproduce")
    .description("The tables of the paper at tiny scale.")
    .exitOverride()
    .configureOutput({ outputError: () => {} });

  program
    .command("drawings")
    .description("Draws lettering, line art, charts and patterns to train on beside photos.")
    .argument("<folder>", "where they go")
    .option("--count <n>", "how many", whole, 140)
    .option("--seed <n>", "of all that is drawn", whole, 1)
    .action(async (folder: string, { count, seed }: { count: number; seed: number }) => {
      await mkdir(folder, { recursive: true });
      await drawAll(folder, count, seed);
    });

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
      const failed = await trainStudents(students, { ...options, budget, say, signal });
      done(failed > 0 ? 1 : 0);
    });

  for (const [name, title] of [
    ...Object.entries(TABLES).map(([name, { title }]) => [name, title]),
    ["all", "All tables"],
  ]) {
    measuring(program.command(name), `${title}: measures what is not yet measured.`)
      .option("--real <folders...>", "folders of small photos, each a data set by its name")
      .option("--write <file>", "the tables as a file, too")
      .action(async (words: TableWords) => {
        done(await showTables(name === "all" ? Object.keys(TABLES) : [name], words, signal));
      });
  }

  measuring(program.command("blends"), "What lies between two students: blends of their weights.")
    .argument("<first>", "a student's weights, in the folder of its run")
    .argument("<second>", "another's, of the same network")
    .requiredOption("--shares <shares...>", "of the second, 0 to 1", share)
    .action(
      async (first: string, second: string, { shares, ...words }: TableWords & { shares: number[] }) => {
        const options = await tableOptions(words, () => {}, signal);
        process.stdout.write(await blendTable([first, second], shares, options));
      },
    );

  program
    .command("page")
    .description("A page of 24 pictures as people have them, by bicubic and several models side by side.")
    .requiredOption("--data <folder>", "where test/RealSet65, test/RealSR and val lie")
    .requiredOption("--models <names...>", "installed models or their folders, in the order of the columns")
    .requiredOption("--out <folder>", "where the page goes")
    .option("--threads <n>", "threads of a network (default: all cores)", whole)
    .action((options: { data: string; models: string[]; out: string; threads?: number }) =>
      makePage({ ...options, say, signal }),
    );

  program
    .command("coverage")
    .description("How well the coverage network says what regions finds, and what its masks do to a picture.")
    .requiredOption("--val <folders...>", "folders of photos, to be degraded")
    .option("--model <name>", "a coverage network, installed or a folder (default: the one that is bundled)")
    .option("--limit <n>", "so many photos, evenly spread (default: all)", whole)
    .option("--threads <n>", "threads of a network (default: all cores)", whole)
    .action(
      async ({ val, ...options }: { val: string[]; model?: string; limit?: number; threads?: number }) => {
        process.stdout.write(await coverageTables({ photos: val, ...options }));
      },
    );

  program
    .command("pack")
    .description(
      "Packs a training run for minutes on a machine that has a GPU, PyTorch and nothing else; see gpu/run.py.",
    )
    .requiredOption("--config <file>", "what to train, in YAML")
    .requiredOption("--data <folders...>", "folders of photos to train on")
    .requiredOption("--out <folder>", "where run.py, runtime.tar.xz and job.tar go")
    .option("--teacher <file>", "weights of the teacher")
    .option("--start <file>", "weights to begin with")
    .option("--resume-from <folder>", "what an earlier call of run.py left")
    .option("--most-megabytes <n>", "photos are left out where all of it would be more", whole, 1000)
    .option("--quality <n>", "photos are packed as WebP of this quality (default: as they are)", whole)
    .action(({ mostMegabytes, ...options }: PackWords) =>
      pack({ ...options, mostBytes: mostMegabytes * 2 ** 20, say }),
    );
  return program;
}

/** @param missing called with each student that a table lacks */
async function tableOptions(words: TableWords, missing: (student: string) => void, signal: AbortSignal) {
  const { runs, real = [], limit, teacher, threads } = words;
  return {
    ...{ runs, teacher, say, signal, missing, runsOn: { threads, signal } },
    pristine: await readPristineModel(words.niqeModel),
    val: await valOf(words),
    real: await Promise.all(real.map((folder) => folderSet(folder, limit))),
  };
}

/** Returns the pairs of --val. @param usual the protocol where none is said */
async function valOf({ val, limit, protocol }: TableWords, usual: Protocol = "mild") {
  return val && validationSet(val, protocol ?? usual, limit);
}

/** @returns the exit code: 1 where a student is missing */
async function showTables(names: readonly string[], words: TableWords, signal: AbortSignal): Promise<number> {
  const { runs, write } = words;
  const missing = new Set<string>();
  const options = await tableOptions(words, (student) => void missing.add(student), signal);
  const parts: string[] = [];
  for (const name of names) {
    const { title, make, protocol } = TABLES[name];
    const part = `## ${title}\n\n${await make({ ...options, val: await valOf(words, protocol) })}`;
    process.stdout.write(parts.length > 0 ? `\n${part}` : part);
    parts.push(part);
  }
  if (write !== undefined) {
    await mkdir(dirname(write), { recursive: true });
    await writeFileAtomically(write, new TextEncoder().encode(parts.join("\n")), { overwrite: true });
  }
  if (missing.size === 0) return 0;
  say(`not trained: npm run reproduce -- train ${[...missing].join(" ")} --data FOLDER... --out ${runs}`);
  return 1;
}

/** Adds what all commands take that measure students. */
function measuring(command: Command, description: string): Command {
  return command
    .description(description)
    .option("--runs <folder>", "where each run has a folder, and what is measured is kept", "runs")
    .option("--val <folders...>", "folders of photos, to be degraded")
    .addOption(
      new Option(
        "--protocol <name>",
        "how they are: mildly as by samsr score, or as ImageNet-Test (default: table 2 as it, others mild)",
      ).choices(PROTOCOLS),
    )
    .option("--limit <n>", "so many pictures of each data set, evenly spread (default: all)", whole)
    .option("--teacher <file>", "weights of the teacher", TEACHER)
    .option("--niqe-model <file>", "NIQE's published parameters (default: samsr's own)", NIQE)
    .option("--threads <n>", "threads of a network (default: all cores)", whole);
}
