/** The jobs of a server in memory: by id, by idempotency key, and by content, with the bytes they hold. */
import type { Queued } from "./fair-queue.js";
import { isOver, type JobProgress, type JobRecord } from "./job.js";

export interface Job extends Queued {
  record: JobRecord;
  progress?: JobProgress;
  /** What stops the job; there while it runs. */
  running?: AbortController;
  /** Whether it was in a process that died, so that nothing else may be in its next one. */
  alone?: boolean;
  fetched?: boolean;
  readonly watchers: Set<() => void>;
}

export interface Registry {
  /** Bytes of all pictures and results. */
  readonly stored: number;
  /** Takes in a job that is expected to take so many seconds. */
  add(record: JobRecord, seconds: number): Job;
  /** Gives a job its next record. */
  replace(job: Job, record: JobRecord): void;
  forget(job: Job): void;
  get(id: string): Job | undefined;
  /** Lists all jobs, oldest first. */
  all(): Job[];
  /** Finds the job of the same owner that was asked for with the same idempotency key, if with one. */
  ofKey(record: JobRecord): Job | undefined;
  /** Finds another job that was done, of the same picture with the same settings for the same owner. */
  doneTwin(job: Job): Job | undefined;
}

export function createRegistry(): Registry {
  const jobs = new Map<string, Job>();
  const byKey = new Map<string, Job>();
  const byContent = new Map<string, Job>();
  let stored = 0;

  const keyOf = ({ owner, idempotencyKey }: JobRecord) => `${owner}\n${idempotencyKey}`;
  const contentOf = ({ owner, etag }: JobRecord) => `${owner}\n${etag}`;

  return {
    get stored() {
      return stored;
    },
    add(record, seconds) {
      const job: Job = { id: record.id, owner: record.owner, seconds, record, watchers: new Set() };
      jobs.set(job.id, job);
      if (record.idempotencyKey !== undefined) byKey.set(keyOf(record), job);
      if (record.state === "done") byContent.set(contentOf(record), job);
      stored += bytesOf(record);
      return job;
    },
    replace(job, record) {
      stored += bytesOf(record) - bytesOf(job.record);
      job.record = record;
      if (record.state === "done") byContent.set(contentOf(record), job);
    },
    forget(job) {
      jobs.delete(job.id);
      stored -= bytesOf(job.record);
      if (byKey.get(keyOf(job.record)) === job) byKey.delete(keyOf(job.record));
      if (byContent.get(contentOf(job.record)) === job) byContent.delete(contentOf(job.record));
    },
    get: (id) => jobs.get(id),
    all: () => [...jobs.values()],
    ofKey: (record) => (record.idempotencyKey === undefined ? undefined : byKey.get(keyOf(record))),
    doneTwin(job) {
      const twin = byContent.get(contentOf(job.record));
      return twin === job ? undefined : twin;
    },
  };
}

/** Tells whether two jobs are of the same picture, with the same settings, for the same owner. */
export function isTwin(a: Job, b: Job): boolean {
  return a.owner === b.owner && a.record.etag === b.record.etag;
}

function bytesOf({ state, bytes, result }: JobRecord): number {
  return state === "done" ? (result?.bytes ?? 0) : isOver({ state }) ? 0 : bytes;
}
