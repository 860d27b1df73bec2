/** Standard output and standard error. */
import { unlessAborted } from "../base/abort.js";

/** Writes bytes to standard output and waits until they are taken. */
export function writeToStdout(bytes: Uint8Array | string, signal: AbortSignal): Promise<void> {
  const written = new Promise<void>((resolve, reject) => {
    process.stdout.write(bytes, (error) => (error ? reject(error) : resolve()));
  });
  return unlessAborted(written, signal);
}

/** A line on standard error, where nothing is wrong. */
export function say(line: string): void {
  process.stderr.write(`${line}\n`);
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
