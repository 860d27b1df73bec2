import { setImmediate } from "node:timers/promises";
import type { Batch, Batches } from "./batches.js";

/**
 * Keep the next `ahead` batches in the making while one is being used.
 *
 * A training step blocks the event loop, and what another thread has made meanwhile is handed over in one turn of the
 * loop. So every call lets the loop turn once, and a batch is begun several steps before it is due. Steps asked out of order
 * are made on the spot.
 */
export function prefetch(batches: Batches, ahead = 4): Batches {
  const pending = new Map<number, Promise<Batch>>();
  const begin = (step: number) => {
    let batch = pending.get(step);
    if (!batch) {
      batch = batches.at(step);
      // The one who asks for this step gets the error; until then it is nobody's unhandled rejection.
      batch.catch(() => {});
      pending.set(step, batch);
    }
    return batch;
  };

  return {
    async at(step) {
      for (const key of pending.keys()) if (key < step || key > step + ahead) pending.delete(key);
      const batch = begin(step);
      for (let i = 1; i <= ahead; i++) begin(step + i);
      await setImmediate();
      pending.delete(step);
      return batch;
    },
  };
}
