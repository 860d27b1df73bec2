#!/usr/bin/env node
/**
 * The command `samsr`. Each subcommand is a folder beside this file: its words and options in index.ts, and
 * what it does in run.ts, loaded when it is asked for, so that `samsr --help` need not wait for codecs and
 * ONNX Runtime.
 */
import { Command, CommanderError } from "commander";
import { inOneLine } from "../base/describe.js";
import { defineCompare } from "./compare/index.js";
import { defineConvert } from "./convert/index.js";
import { defineDegrade } from "./degrade/index.js";
import { defineEvaluate } from "./evaluate/index.js";
import { defineExport } from "./export/index.js";
import { watchInterrupts } from "./interrupt.js";
import { defineMasks } from "./masks/index.js";
import { defineMetrics } from "./metrics/index.js";
import { defineModels } from "./models/index.js";
import { type Surroundings, version } from "./options.js";
import { exitCodeOf, printError, UsageError } from "./report.js";
import { defineScore } from "./score/index.js";
import { watchStandardOutput } from "./streams.js";
import { defineTrain } from "./train/index.js";
import { defineUpscale } from "./upscale/index.js";

const programHelp = `
Examples:
  samsr upscale photo.jpg -o large.png
  samsr masks photo.jpg -o semantics
  samsr models

"samsr help upscale" lists the options.`;

const interrupts = watchInterrupts();
let exitCode = 0;

function defineProgram(): Command {
  const program = new Command("samsr")
    .description("Semantic-guided image super-resolution in a single step: photos, four times as large.")
    .version(version(), "-v, --version", "print the version")
    .helpOption("-h, --help", "print this help")
    // Errors are printed in one place, below.
    .configureOutput({ outputError: () => {} })
    .exitOverride()
    .addHelpText("after", programHelp);
  const surroundings: Surroundings = { interrupts, done: (code) => void (exitCode ||= code) };
  for (const define of [
    defineUpscale,
    defineMasks,
    defineModels,
    defineConvert,
    defineExport,
    defineScore,
    defineEvaluate,
    defineCompare,
    defineMetrics,
    defineTrain,
    defineDegrade,
  ]) {
    define(program, surroundings);
  }
  return program;
}

/** What commander throws: its own way out after help and version, or an error of usage. */
function usageError(error: CommanderError): UsageError | undefined {
  if (error.exitCode === 0) return undefined;
  if (error.code === "commander.help") return new UsageError('expected a command; "samsr --help" lists them');
  return new UsageError(inOneLine(error.message.replace(/^error: /, "")));
}

/** A reader that goes away, such as `head`, ends the work: nobody is left to see it. */
function watchPipes(): void {
  watchStandardOutput(() => interrupts.trigger("SIGPIPE"), fail);
  process.stderr.on("error", () => {});
}

function fail(error: unknown): void {
  const known = error instanceof CommanderError ? usageError(error) : error;
  if (known === undefined) return;
  printError(known);
  exitCode = exitCodeOf(known);
  // Standard output may tell of its failure when all else is over.
  process.exitCode = exitCode;
}

async function main(): Promise<void> {
  watchPipes();
  for (const event of ["uncaughtException", "unhandledRejection"] as const) {
    process.on(event, (error) => {
      printError(error);
      process.exit(1);
    });
  }
  try {
    await defineProgram().parseAsync(process.argv);
  } catch (error) {
    if (!interrupts.signal.aborted) fail(error);
  }
  process.exitCode = exitCode;
  await interrupts.leave();
}

await main();
