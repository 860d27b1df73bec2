/** What a command says while it works: result lines, the progress bar, errors. */
import { describe } from "../base/describe.js";
import { createProgressBar, type ProgressBar } from "./progress.js";
import { named, printError } from "./report.js";
import { print, say } from "./streams.js";

export interface Reporter {
  readonly bar: ProgressBar;
  /** Says a line about a result, for people. */
  say(line: string): void;
  /** Says what a picture has lost, on standard error; quiet ones leave it to the document. */
  warn(name: string, warning: string): void;
  /** Says what went wrong with an input, and notes it in its result. */
  fail(result: { input: string; error?: string }, error: unknown): void;
}

/**
 * Creates what a command reports its results by.
 * @param options.quiet says nothing but errors
 * @param options.json standard output is for the one document, so result lines are left out
 * @param options.toStdout standard output is for the picture, so lines go to standard error
 */
export function createReporter(options: { quiet?: boolean; json?: boolean; toStdout?: boolean }): Reporter {
  const bar = createProgressBar(process.stderr, !options.quiet);
  const line = options.toStdout ? say : (text: string) => print(`${text}\n`);
  return {
    bar,
    say(text) {
      if (options.quiet || options.json) return;
      bar.clear();
      line(text);
    },
    warn(name, warning) {
      if (options.quiet) return;
      bar.clear();
      say(`samsr: ${name}: ${warning}`);
    },
    fail(result, error) {
      bar.clear();
      result.error = named(describe(error), result.input);
      printError(error, result.input);
    },
  };
}
