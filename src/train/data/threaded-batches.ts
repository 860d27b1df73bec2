import { startThread } from "../../runtime/index.js";
import { prefetch } from "../prefetch.js";
import type { Batch, Batches } from "./batches.js";
import { KEPT_PHOTO_BYTES } from "./photo-store.js";
import { createLibrary } from "./shared-photos.js";
import type { DataOptions, functions, Skipped } from "./worker.js";

interface ThreadedOptions extends DataOptions {
  /** How many threads make batches, each a core of its own. Default: 1. They show in the speed alone. */
  readonly threads?: number;
}

interface ThreadedBatches extends Batches {
  readonly kind: "photos" | "pairs";
  /** How many of them there are; files that cannot be decoded are found out later, see `openPhotoStore`. */
  readonly count: number;
  /** Waits for what is in the making and ends the threads. */
  close(): Promise<void>;
}

/**
 * Batches that are in the making or waiting, for each thread: one to work on while the other is handed over.
 */
const AHEAD = 2;
/**
 * The fewest batches that are made ahead by all threads together: a step blocks the loop, and a single thread
 * must not run dry meanwhile.
 */
const LEAST_AHEAD = 4;

/**
 * Batches of folders of photos or saved pairs, made ahead of time in threads of their own: thread s mod n
 * makes step s. A batch is addressed by its step, so it is the same whoever makes it. Decoded photos are
 * shared, and `maxBytes` is for all.
 *
 * @param onSkipped told once of every photo that cannot be decoded
 * @throws SamsrError when the folders hold nothing to train on; see `openSource` and `createBatches`
 */
export async function startBatches(
  { threads: count = 1, maxBytes = KEPT_PHOTO_BYTES, ...options }: ThreadedOptions,
  onSkipped: (file: string, reason: string) => void = () => {},
): Promise<ThreadedBatches> {
  const threads = Array.from({ length: count }, () =>
    startThread<typeof functions>(new URL("./worker.js", import.meta.url)),
  );
  const close = async () => {
    await Promise.all(threads.map((thread) => thread.close()));
  };
  const told = new Set<string>();
  const tell = (skipped: readonly Skipped[]) => {
    for (const { file, reason } of skipped) {
      if (told.has(file)) continue;
      told.add(file);
      onSkipped(file, reason);
    }
  };
  try {
    const library = count > 1 ? createLibrary(count, maxBytes) : undefined;
    const given = { ...options, maxBytes, shared: count > 1 };
    const opened = await Promise.all(threads.map((thread) => thread.call("open", given)));
    for (const { skipped } of opened) tell(skipped);
    const make = async (step: number): Promise<Batch> => {
      const thread = step % count;
      const news = library?.newsFor(thread);
      const { batch, skipped, decoded } = await threads[thread].call("at", { step, news });
      library?.add(decoded);
      tell(skipped);
      return batch;
    };
    const { at } = prefetch(make, { ahead: Math.max(LEAST_AHEAD, AHEAD * count) });
    return { kind: opened[0].kind, count: opened[0].count, at, close };
  } catch (error) {
    await close();
    throw error;
  }
}
