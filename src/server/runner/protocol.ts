/** What passes between a server or worker and the process in which it has pictures decoded and enlarged. */

import type { Asked, JobProblem, JobProgress, JobResult } from "../jobs/job.js";
import type { WorkSettings } from "../settings.js";

/** One picture to enlarge, from file to file. */
export interface Task {
  readonly id: string;
  readonly input: string;
  readonly output: string;
  /** What messages call the picture. */
  readonly name: string;
  readonly asked: Asked;
}

/** How a process enlarges, the same for all its pictures. */
export type RunnerSettings = Pick<
  WorkSettings,
  "threads" | "device" | "pixelLimit" | "sideLimit" | "frameLimit" | "metadataLimit" | "memoryLimit"
>;

export type ToRunner =
  | { readonly kind: "run"; readonly task: Task }
  | { readonly kind: "cancel"; readonly id: string };

export type FromRunner =
  | { readonly kind: "progress"; readonly id: string; readonly progress: JobProgress }
  | { readonly kind: "done"; readonly id: string; readonly result: JobResult }
  | { readonly kind: "failed"; readonly id: string; readonly problem: JobProblem };
