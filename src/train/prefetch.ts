import { setImmediate } from "node:timers/promises";

interface Prefetch<T> {
  /** Returns what `index` is, made now unless it was begun; what follows it is begun. */
  at(index: number): Promise<T>;
  /** Waits for what was begun and never asked for. */
  settle(): Promise<void>;
}

/**
 * Keeps the next `ahead` things in the making while one is being used: batches in threads, the inputs of the
 * next step.
 *
 * A training step blocks the event loop, and what another thread has made meanwhile is handed over in one
 * turn of the loop. So every call lets the loop turn once, and a batch is begun several steps before it is
 * due.
 * @param make of an index alone, so that what is asked for out of order is the same
 * @param end the first index that there is not
 */
export function prefetch<T>(
  make: (index: number) => Promise<T>,
  { ahead, end = Number.POSITIVE_INFINITY }: { readonly ahead: number; readonly end?: number },
): Prefetch<T> {
  const pending = new Map<number, Promise<T>>();
  const begin = (index: number) => {
    let made = pending.get(index);
    if (!made) {
      made = make(index);
      // The one who asks for this index gets the error; until then it is nobody's unhandled rejection.
      made.catch(() => {});
      pending.set(index, made);
    }
    return made;
  };

  return {
    async at(index) {
      for (const key of pending.keys()) if (key < index || key > index + ahead) pending.delete(key);
      const made = begin(index);
      for (let i = index + 1; i <= index + ahead && i < end; i++) begin(i);
      await setImmediate();
      pending.delete(index);
      return made;
    },
    async settle() {
      await Promise.allSettled(pending.values());
      pending.clear();
    },
  };
}
