/** A job: one picture to enlarge, from the moment it is accepted until its result expires. */
import { createHash } from "node:crypto";
import type { OutputFormat } from "../../image/index.js";
import type { Progress } from "../../upscale/index.js";
import type { UpscaleSaid } from "../../upscale/words.js";

/** `parked` is a job whose process died as often as it may. */
export const JOB_STATES = ["queued", "running", "done", "failed", "parked", "cancelled"] as const;
type JobState = (typeof JOB_STATES)[number];

/** What is asked for: the command's options, and the model. */
export type Asked = UpscaleSaid & { readonly model: string };

/** Why a job has no result. */
export interface JobProblem {
  /** The status code of HTTP. */
  readonly status: number;
  /** What went wrong, in one line. */
  readonly detail: string;
}

export interface JobResult {
  readonly width: number;
  readonly height: number;
  readonly format: OutputFormat;
  readonly pages: number;
  readonly bytes: number;
  /** What the input or the result has lost. */
  readonly warnings: readonly string[];
  /** The time in the process, from decoding to the written file. */
  readonly milliseconds: number;
}

/** What is kept of a job on disk; it never changes but by a whole new version. */
export interface JobRecord {
  readonly id: string;
  /** The name of the key that asked; "" where the server has no keys. */
  readonly owner: string;
  /** What the client calls the picture; for messages only. */
  readonly name: string;
  readonly asked: Asked;
  /** The size of the picture's file. */
  readonly bytes: number;
  /** What the file claims, where its first bytes tell. */
  readonly pixels?: number;
  /** A tag of content, settings and model: equal ones have equal results. */
  readonly etag: string;
  readonly idempotencyKey?: string;
  readonly batch?: string;
  /** Whether it goes on when the server is started again; else it is only for a client that waits. */
  readonly kept: boolean;
  /** Milliseconds since 1970, as are the next two. */
  readonly created: number;
  readonly started?: number;
  readonly ended?: number;
  readonly state: JobState;
  /** Processes that died of it. */
  readonly deaths: number;
  readonly problem?: JobProblem;
  readonly result?: JobResult;
}

export function isOver({ state }: Pick<JobRecord, "state">): boolean {
  return state !== "queued" && state !== "running";
}

/** How far a running job is. */
export type JobProgress = Progress;

/** Returns a tag that is equal for equal content, settings and model, whatever order the settings came in. */
export function etagOf(sha256: string, asked: Asked, modelDigest: string): string {
  const settings = Object.entries(asked)
    .filter(([, value]) => value !== undefined)
    .sort(([a], [b]) => (a < b ? -1 : 1));
  return createHash("sha256")
    .update(JSON.stringify([sha256, settings, modelDigest]))
    .digest("hex")
    .slice(0, 32);
}
