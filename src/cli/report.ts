/**
 * What the command says when something is wrong: one line, `samsr: ...`, that names the input. Only an error
 * that nobody foresaw asks to be reported, and only SAMSR_DEBUG=1 shows where in the program it came from.
 */
import { SamsrError } from "../base/errors.js";
import { say } from "./streams.js";

/** The command line itself is wrong: exit code 2, as shells and getopt have it. */
export class UsageError extends SamsrError {}

const systemReasons: Record<string, string> = {
  EACCES: "no permission",
  EDQUOT: "no more space is allowed",
  EEXIST: "it exists and is not a directory",
  EIO: "the device failed",
  EISDIR: "it is a directory",
  EMFILE: "too many files are open; allow more (ulimit -n)",
  ENFILE: "too many files are open",
  ENAMETOOLONG: "the name is too long",
  ENOENT: "it does not exist",
  ENOSPC: "no space is left",
  ENOTDIR: "a part of its path is not a directory",
  EPERM: "no permission",
  EROFS: "the file system is read-only",
};

/** An error as one line, without the `samsr:` in front. */
export function describe(error: unknown): string {
  if (error instanceof SamsrError) return oneLine(error.message);
  const { code, path } = error as NodeJS.ErrnoException;
  if (path !== undefined && code !== undefined && code in systemReasons)
    return `${path}: ${systemReasons[code]}`;
  // The world's doing too, though the system did not say where.
  if (code !== undefined && code in systemReasons) return `${systemReasons[code]} (${code})`;
  const message = oneLine(error instanceof Error ? error.message : String(error));
  if (error instanceof RangeError && /allocation failed|array length|array size/i.test(message)) {
    return `there is not enough memory for this picture (${message})`;
  }
  return `this is a bug in samsr: ${message} (SAMSR_DEBUG=1 shows where)`;
}

/**
 * Writes one line for an error to standard error. `name` is put in front where the message does not say it.
 */
export function printError(error: unknown, name?: string): void {
  const line = named(describe(error), name);
  say(`samsr: ${line}`);
  if (process.env.SAMSR_DEBUG === "1" && error instanceof Error) say(String(error.stack));
}

/** The message, with the input in front unless it is in there already. */
export function named(message: string, name: string | undefined): string {
  if (name === undefined) return message;
  // As an error would have it that says the name.
  const { message: shown } = new SamsrError(name);
  return message.includes(shown) ? message : `${shown}: ${message}`;
}

export function exitCodeOf(error: unknown): number {
  return error instanceof UsageError ? 2 : 1;
}

export function oneLine(text: string): string {
  return text.replace(/\s+/g, " ").trim();
}
