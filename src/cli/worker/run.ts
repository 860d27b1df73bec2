/** `samsr worker`: settings, and the worker's life. */
import { QUEUE_PACKAGES, withPackages } from "../../server/packages.js";
import { fromEnvironment, WORKER_WORDS, workSettings } from "../../server/settings.js";
import type { Interrupts } from "../interrupt.js";
import { UsageError } from "../report.js";
import { say } from "../streams.js";
import type { WorkerArguments } from "./arguments.js";

/** Milliseconds beyond the time for draining until the process is ended. */
const GRACE = 5000;

/**
 * Runs `samsr worker` until it is told to stop.
 * @returns the exit code
 */
export async function workerCommand(options: WorkerArguments, interrupts: Interrupts): Promise<number> {
  const { drainSeconds = 60, ...said } = { ...fromEnvironment(WORKER_WORDS, process.env), ...options };
  if (said.queue === undefined)
    throw new UsageError("name the queue, such as --queue redis://localhost:6379");
  interrupts.allow(drainSeconds * 1000 + GRACE, 0);
  const { work } = await withPackages(QUEUE_PACKAGES, () => import("../../server/queue/worker.js"));
  await work(
    { ...workSettings(said), drainSeconds },
    { signal: interrupts.signal, ready: () => say("samsr: ready for pictures") },
  );
  return 0;
}
