#!/usr/bin/env node
/** The command `samsr` as a process: signals, pipes and the exit code. All else is in program.ts. */
import { watchInterrupts } from "./interrupt.js";
import { demandMemory } from "./memory.js";
import { exitCodeOf, printError } from "./report.js";
import { watchStandardOutput } from "./streams.js";

const interrupts = watchInterrupts();

// A reader that goes away, such as `head`, ends the work: nobody is left to see it.
watchStandardOutput(
  () => interrupts.trigger("SIGPIPE"),
  (error) => {
    printError(error);
    process.exitCode = exitCodeOf(error);
  },
);
process.stderr.on("error", () => {});
for (const event of ["uncaughtException", "unhandledRejection"] as const) {
  process.on(event, (error) => {
    printError(error);
    process.exit(1);
  });
}

const words = process.argv.slice(2);
try {
  // The network's thread starts while the words are still understood; without an input there is only help.
  if (words[0] === "upscale" && words.length > 2) {
    // A thread that lacks memory would end the process, whatever the command says of it later.
    demandMemory();
    const { startThreadAhead } = await import("../upscale/upscaler-thread.js");
    startThreadAhead();
  }
  // What it is made of are many files, of which some may be one too many.
  const { runProgram } = await import("./program.js");
  const code = await runProgram(words, interrupts);
  // Standard output may have told of its failure before, or tell of it when all else is over.
  if (code !== 0) process.exitCode = code;
} catch (error) {
  printError(error);
  process.exitCode = exitCodeOf(error);
}
await interrupts.leave();
