/** The worker of trials, for as long as one takes. */
import { startThread, type Thread } from "../runtime/index.js";
import type { functions } from "./trial-worker.js";

/** Starts the worker, and ends it when the work is done. */
export async function withTrials<T>(work: (thread: Thread<typeof functions>) => Promise<T>): Promise<T> {
  const thread = startThread<typeof functions>(
    () => new Worker(new URL("./trial-worker.js", import.meta.url), { type: "module" }),
  );
  try {
    return await work(thread);
  } finally {
    await thread.close();
  }
}
