/** What whoever runs pictures takes and gives: processes of this machine, or workers of others. */
import type { JobProblem, JobProgress, JobResult } from "../jobs/job.js";
import type { Task } from "./protocol.js";

export type TaskOutcome =
  | { readonly kind: "done"; readonly result: JobResult }
  | { readonly kind: "failed"; readonly problem: JobProblem }
  /** The process of the picture died; `alone` where it was the only one there, and so the one to blame. */
  | { readonly kind: "died"; readonly alone: boolean; readonly why: string }
  /** The processes of the picture died as often as they may. */
  | { readonly kind: "parked"; readonly problem: JobProblem }
  | { readonly kind: "cancelled" };

export interface TaskOptions {
  /** Nothing else may be in its process. */
  readonly alone?: boolean;
  readonly signal: AbortSignal;
  readonly onProgress: (progress: JobProgress) => void;
}

export interface Executor {
  /** How many pictures it takes at once. */
  readonly capacity: number;
  /** Runs a task in one of the processes. */
  run(task: Task, options: TaskOptions): Promise<TaskOutcome>;
  /** Returns the memory of its processes, in bytes, where that can be known. */
  memory(): number;
  /** Calls back when it takes more at once than before, where that changes. */
  watch?(grown: () => void): void;
  close(): Promise<void>;
}

/** A task that was handed in, and whose outcome is waited for. */
export interface PendingTask<T = Task> {
  readonly task: T;
  readonly options: TaskOptions;
  /** Ends the waiting. */
  readonly settle: (outcome: TaskOutcome) => void;
}

/**
 * Waits for the outcome of a task.
 * @param start takes it up
 * @param cancel gives it up, when the signal says so; it must settle sooner or later
 */
export function pending<T>(
  task: T,
  options: TaskOptions,
  start: (one: PendingTask<T>) => void,
  cancel: (one: PendingTask<T>) => void,
): Promise<TaskOutcome> {
  return new Promise((resolve) => {
    const { signal } = options;
    const stop = () => cancel(one);
    const one: PendingTask<T> = {
      ...{ task, options },
      settle(outcome) {
        signal.removeEventListener("abort", stop);
        resolve(outcome);
      },
    };
    signal.addEventListener("abort", stop, { once: true });
    start(one);
    if (signal.aborted) stop();
  });
}
