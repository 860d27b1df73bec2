/** What servers and workers agree on: the queue in Redis, and what it holds of a picture. */
import type { Asked, JobProblem, JobResult } from "../jobs/job.js";
import { isId } from "../jobs/store.js";
import type { WorkSettings } from "../settings.js";

/** What Redis holds of a picture; its file lies in the folder. */
export interface QueuedTask {
  readonly id: string;
  /** Which part of the folder or bucket: a server's jobs, or pictures that a command handed in. */
  readonly place: "jobs" | "handed-in";
  readonly name: string;
  readonly asked: Asked;
  /** Whoever handed it in does not want it any more. */
  readonly cancelled?: true;
}

/** What a worker says of a picture in the end. That its process died is an error, which is tried again. */
export type QueuedOutcome =
  | { readonly kind: "done"; readonly result: JobResult }
  | { readonly kind: "failed"; readonly problem: JobProblem }
  | { readonly kind: "cancelled" };

export const QUEUE = "pictures";

/** Tells how Redis is reached: patiently, since it may be started again. */
export function connectionOf({ queue }: Pick<WorkSettings, "queue">) {
  return { url: queue!, maxRetriesPerRequest: null, retryStrategy: (n: number) => Math.min(200 * n, 2000) };
}

/** Lets nothing become a path or key that is no task's. @throws Error for what is none */
export function checkTask({ id, place }: Pick<QueuedTask, "id" | "place">): void {
  if (!isId(id) || !["jobs", "handed-in"].includes(place)) throw new Error("the queue holds what is no task");
}
