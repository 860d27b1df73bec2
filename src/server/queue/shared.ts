/**
 * What servers and workers agree on: the queue in Redis, and where pictures lie in the folder that all see.
 */
import { join } from "node:path";
import type { Asked, JobProblem, JobResult } from "../jobs/job.js";
import { isId } from "../jobs/store.js";
import type { WorkSettings } from "../settings.js";

/** What Redis holds of a picture; its file lies in the folder. */
export interface QueuedTask {
  readonly id: string;
  /** Which part of the folder: a server's jobs, or pictures that a command handed in. */
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

/** Tells where a picture and its result lie. @throws Error for what is no task */
export function filesOf(data: string, { id, place }: QueuedTask): { input: string; output: string } {
  if (!isId(id) || !["jobs", "handed-in"].includes(place)) throw new Error("the queue holds what is no task");
  return { input: join(data, place, id, "input"), output: join(data, place, id, "result") };
}
