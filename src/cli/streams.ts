/** Standard output and standard error. */
import { unlessAborted } from "../base/abort.js";
import { printable, printableJson } from "../base/printable.js";

/** Writes bytes, or text for people, to standard output and waits until they are taken. */
export function writeToStdout(bytes: Uint8Array | string, signal: AbortSignal): Promise<void> {
  const written = new Promise<void>((resolve, reject) => {
    const written = typeof bytes === "string" ? printable(bytes) : bytes;
    process.stdout.write(written, (error) => (error ? reject(error) : resolve()));
  });
  return unlessAborted(written, signal);
}

/** Text on standard output. Whatever of it came from files, none of it acts on a terminal. */
export function print(text: string): void {
  process.stdout.write(printable(text));
}

/** A document on standard output. */
export function printJson(value: unknown): void {
  process.stdout.write(`${printableJson(value)}\n`);
}

/** A line on standard error. */
export function say(line: string): void {
  process.stderr.write(`${printable(line)}\n`);
}

/**
 * Goes through items one by one, preparing each while the one before it is being worked on.
 * @param prepare must not reject, since nobody listens while it runs ahead
 */
export async function* oneAhead<T, U>(
  items: readonly T[],
  prepare: (item: T) => Promise<U>,
): AsyncGenerator<[item: T, prepared: U]> {
  let next = items.length > 0 ? prepare(items[0]!) : undefined;
  for (const [i, item] of items.entries()) {
    const prepared = await next!;
    next = i + 1 < items.length ? prepare(items[i + 1]!) : undefined;
    yield [item, prepared];
  }
}
