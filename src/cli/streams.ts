/** Standard output and standard error. */
import { unlessAborted } from "../base/abort.js";
import { SamsrError } from "../base/errors.js";
import { printable, printableJson } from "../base/printable.js";

const reasons: Record<string, string> = {
  ENOSPC: "no space is left",
  EDQUOT: "no more space is allowed",
  EIO: "the device failed",
  EBADF: "it is closed",
};

/** Failures that whoever wrote has been told of. */
const told = new WeakSet<Error>();

function unwritable(error: NodeJS.ErrnoException): SamsrError {
  return new SamsrError(`standard output cannot be written: ${reasons[error.code!] ?? error.message}`);
}

/** Tells of failures of standard output that nobody waits for: that its reader went away, or any other. */
export function watchStandardOutput(gone: () => void, failed: (error: SamsrError) => void): void {
  process.stdout.on("error", (error: NodeJS.ErrnoException) => {
    if (error.code === "EPIPE") gone();
    else if (!told.has(error)) failed(unwritable(error));
  });
}

/**
 * Writes bytes, or text for people, to standard output and waits until they are taken.
 * @throws SamsrError for a full disk and the like; the signal's reason
 */
export function writeToStdout(bytes: Uint8Array | string, signal: AbortSignal): Promise<void> {
  const written = new Promise<void>((resolve, reject) => {
    const written = typeof bytes === "string" ? printable(bytes) : bytes;
    process.stdout.write(written, (error) => {
      if (!error) return resolve();
      told.add(error);
      reject((error as NodeJS.ErrnoException).code === "EPIPE" ? error : unwritable(error));
    });
  });
  return unlessAborted(written, signal);
}

/** Writes text on standard output. Whatever of it came from files, none of it acts on a terminal. */
export function print(text: string): void {
  process.stdout.write(printable(text));
}

/** Writes a document on standard output. */
export function printJson(value: unknown): void {
  process.stdout.write(`${printableJson(value)}\n`);
}

/** Writes a line on standard error. */
export function say(line: string): void {
  process.stderr.write(`${printable(line)}\n`);
}
