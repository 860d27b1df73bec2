/** Threads in which one thing is opened, used and closed. */
import type { Thread, ThreadFunctions } from "./thread.js";

interface OpeningFunctions extends ThreadFunctions {
  close(args: undefined): unknown;
}

/**
 * Opens what a thread serves, by its function `open`.
 * @returns what that gave, and what closes it and then the thread, after the calls under way
 * @throws what `open` throws; the thread is closed then
 */
export async function openInThread<F extends OpeningFunctions & { open: (args: never) => unknown }>(
  thread: Thread<F>,
  args: Parameters<F["open"]>[0],
): Promise<{ readonly opened: Awaited<ReturnType<F["open"]>>; close(): Promise<void> }> {
  const opened = await thread.call("open", args).catch(async (error) => {
    await thread.close();
    throw error;
  });
  let closing: Promise<void> | undefined;
  return {
    opened,
    close() {
      closing ??= thread
        .call("close", undefined)
        .catch(() => {})
        .then(() => thread.close());
      return closing;
    },
  };
}
