/** What the command says when something is wrong: one line, `samsr: ...`, that names the input. */
import { describe } from "../base/describe.js";
import { SamsrError } from "../base/errors.js";
import { say } from "./streams.js";

/** The command line itself is wrong: exit code 2, as shells and getopt have it. */
export class UsageError extends SamsrError {}

/**
 * Writes one line for an error to standard error. `name` is put in front where the message does not say it.
 */
export function printError(error: unknown, name?: string): void {
  const line = named(describe(error), name);
  say(`samsr: ${line}`);
  if (process.env.SAMSR_DEBUG === "1" && error instanceof Error) say(String(error.stack));
}

/** Returns the message, with the input in front unless it is in there already. */
export function named(message: string, name: string | undefined): string {
  if (name === undefined) return message;
  // As an error would have it that says the name.
  const { message: shown } = new SamsrError(name);
  return message.includes(shown) ? message : `${shown}: ${message}`;
}

export function exitCodeOf(error: unknown): number {
  return error instanceof UsageError ? 2 : 1;
}
