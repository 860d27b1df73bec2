/** How long results stay: until they expire, or until room is short and they were fetched. */
import type { ServeSettings } from "../settings.js";
import { isOver } from "./job.js";
import type { Job, Registry } from "./registry.js";

interface Retention {
  /**
   * Makes room where the store is full; results that were fetched go first, the oldest first.
   * @returns undefined where there is room, else the seconds until the next result expires
   */
  makeRoom(): number | undefined;
  close(): void;
}

/**
 * Drops results as they expire, until it is closed.
 * @param drop forgets a job, with all that is kept of it
 */
export function createRetention(
  jobs: Registry,
  { storeLimit, keepSeconds }: Pick<ServeSettings, "storeLimit" | "keepSeconds">,
  drop: (job: Job) => void,
): Retention {
  const isFull = () => jobs.stored > storeLimit * 2 ** 20;
  const expiry = setInterval(
    () => {
      const before = Date.now() - keepSeconds * 1000;
      for (const job of jobs.all()) {
        if ((job.record.ended ?? Number.POSITIVE_INFINITY) < before) drop(job);
      }
    },
    Math.min(10_000, keepSeconds * 250),
  ).unref();

  function nextExpiry(): number {
    let next = Date.now() + keepSeconds * 1000;
    for (const { record } of jobs.all()) {
      if (record.ended !== undefined) next = Math.min(next, record.ended + keepSeconds * 1000);
    }
    return next;
  }

  return {
    makeRoom() {
      if (!isFull()) return undefined;
      for (const job of jobs.all()) {
        if (!isFull()) return undefined;
        if (job.fetched && isOver(job.record)) drop(job);
      }
      return isFull() ? Math.max(1, Math.ceil((nextExpiry() - Date.now()) / 1000)) : undefined;
    },
    close: () => clearInterval(expiry),
  };
}
