/**
 * The command `samsr` as a function: words in, an exit code out. Each subcommand is a folder beside this
 * file: its words and options in index.ts, and what it does in run.ts, loaded when it is asked for, so that
 * `samsr --help` need not wait for codecs and ONNX Runtime.
 */
import { Command, CommanderError } from "commander";
import { inOneLine } from "../base/describe.js";
import { defineBenchmark } from "./benchmark/index.js";
import { defineCompare } from "./compare/index.js";
import { defineConvert } from "./convert/index.js";
import { defineDegrade } from "./degrade/index.js";
import { defineEvaluate } from "./evaluate/index.js";
import { defineExport } from "./export/index.js";
import type { Interrupts } from "./interrupt.js";
import { defineMasks } from "./masks/index.js";
import { demandMemory } from "./memory.js";
import { defineMetrics } from "./metrics/index.js";
import { defineModels } from "./models/index.js";
import { type Surroundings, version } from "./options.js";
import { exitCodeOf, printError, UsageError } from "./report.js";
import { defineScore } from "./score/index.js";
import { defineServe } from "./serve/index.js";
import { defineTrain } from "./train/index.js";
import { defineTrim } from "./trim/index.js";
import { defineUpscale } from "./upscale/index.js";
import { defineWorker } from "./worker/index.js";

const programHelp = `
Examples:
  samsr upscale photo.jpg -o large.png
  samsr masks photo.jpg -o semantics
  samsr models

"samsr help upscale" lists the options.`;

/** The subcommands by their names, in the order in which help lists them. */
const COMMANDS = {
  upscale: defineUpscale,
  masks: defineMasks,
  models: defineModels,
  convert: defineConvert,
  export: defineExport,
  score: defineScore,
  evaluate: defineEvaluate,
  compare: defineCompare,
  metrics: defineMetrics,
  benchmark: defineBenchmark,
  train: defineTrain,
  degrade: defineDegrade,
  serve: defineServe,
  worker: defineWorker,
  trim: defineTrim,
};

/**
 * Runs the command with these words to its end. What goes wrong is said on standard error.
 * @param words what follows `samsr` on the command line
 * @returns the exit code: 0, 1 for what failed, 2 for words that make no sense
 */
export async function runProgram(words: readonly string[], interrupts: Interrupts): Promise<number> {
  let exitCode = 0;
  const program = defineProgram(words, { interrupts, done: (code) => void (exitCode ||= code) });
  try {
    await program.parseAsync(words, { from: "user" });
  } catch (error) {
    const known = error instanceof CommanderError ? usageError(error) : error;
    if (known === undefined || interrupts.signal.aborted) return exitCode;
    printError(known);
    exitCode = exitCodeOf(known);
  }
  return exitCode;
}

function defineProgram([name = ""]: readonly string[], surroundings: Surroundings): Command {
  const program = new Command("samsr")
    .description("Semantic-guided image super-resolution in a single step: photos, four times as large.")
    .version(version(), "-v, --version", "print the version")
    .helpOption("-h, --help", "print this help")
    // Errors are printed in one place, above.
    .configureOutput({ outputError: () => {} })
    .exitOverride()
    .addHelpText("after", programHelp);
  // A subcommand that is named needs no others, whose options are many.
  const isNamed = Object.hasOwn(COMMANDS, name);
  const needed = isNamed ? [COMMANDS[name as keyof typeof COMMANDS]] : Object.values(COMMANDS);
  for (const define of needed) define(program, surroundings);
  program.hook("preAction", (_, action) => {
    const isLight = ["models", "convert", "export", "trim"].includes(action.name());
    if (action.parent === program && !isLight) demandMemory();
  });
  return program;
}

/** Returns what commander throws: its own way out after help and version, or an error of usage. */
function usageError(error: CommanderError): UsageError | undefined {
  if (error.exitCode === 0) return undefined;
  if (error.code === "commander.help") return new UsageError('expected a command; "samsr --help" lists them');
  return new UsageError(inOneLine(error.message.replace(/^error: /, "")));
}
