import { printable } from "./printable.js";

/**
 * An error meant for a person: it names the input, what was expected and what to do. Its message is one line,
 * whatever the names and words from files in it hold. The command prints it and no stack; anything else that
 * escapes is a bug.
 */
export class SamsrError extends Error {
  override readonly name = "SamsrError";

  constructor(message: string, options?: ErrorOptions) {
    super(printable(message.replace(/[\s\u0085]*[\t\n\r\v\f\u0085\u2028\u2029]\s*/g, " ")), options);
  }
}

/**
 * Tells whether an error says that memory has run out, in the words of whichever library it ran out in: V8's
 * arrays, C++, libvips, WebAssembly, or the system.
 */
export function isOutOfMemory(error: unknown): boolean {
  const { message = "", code = "" } = (error ?? {}) as NodeJS.ErrnoException;
  if (code === "ENOMEM" || code === "ERR_WORKER_OUT_OF_MEMORY") return true;
  if (error instanceof RangeError && /array (buffer )?(length|size)/i.test(message)) return true;
  return /out of memory|bad_alloc|bad allocation|(allocation|allocate memory) failed|(failed|could not|cannot) (to )?allocate|failed to map segment/i.test(
    message,
  );
}

/** Gives up reading a file: throws an error that names the file and says what is wrong with it. */
export type Fail = (what: string, cause?: unknown) => never;

/** Words from a file, fit to be shown: in one line, without control characters, and not without end. */
export function oneLine(words: string, most = 400): string {
  const line = words.replace(/[\s\p{Cc}\p{Cf}\p{Cs}]+/gu, " ");
  return line.length > most ? `${line.slice(0, most)}...` : line;
}
