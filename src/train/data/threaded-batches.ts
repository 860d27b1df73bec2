import { startThread } from "../../runtime/index.js";
import type { Batches } from "./batches.js";
import { prefetch } from "./prefetch.js";
import type { DataOptions, functions, Skipped } from "./worker.js";

export interface ThreadedBatches extends Batches {
  readonly kind: "photos" | "pairs";
  /** How many of them there are; files that cannot be decoded are found out later, see `openPhotoStore`. */
  readonly count: number;
  /** Waits for what is in the making and ends the thread. */
  close(): Promise<void>;
}

/**
 * Batches of folders of photos or saved pairs, made ahead of time in a thread of their own.
 *
 * @param onSkipped told once of every photo that cannot be decoded
 * @throws SamsrError when the folders hold nothing to train on; see `openSource` and `createBatches`
 */
export async function startBatches(
  options: DataOptions,
  onSkipped: (file: string, reason: string) => void = () => {},
): Promise<ThreadedBatches> {
  const thread = startThread<typeof functions>(new URL("./worker.js", import.meta.url));
  const tell = (skipped: readonly Skipped[]) => {
    for (const { file, reason } of skipped) onSkipped(file, reason);
  };
  try {
    const { kind, count, skipped } = await thread.call("open", options);
    tell(skipped);
    const made: Batches = {
      async at(step) {
        const { batch, skipped } = await thread.call("at", { step });
        tell(skipped);
        return batch;
      },
    };
    return { kind, count, ...prefetch(made), close: thread.close };
  } catch (error) {
    await thread.close();
    throw error;
  }
}
