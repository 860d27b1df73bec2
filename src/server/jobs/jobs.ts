/**
 * All jobs of a server: which wait, which run, which are over. A job that was accepted is on disk and goes on
 * when a server is killed and started again; it ends exactly once. What is told to clients and what is kept
 * on disk is one record, which only `become` replaces.
 */
import { randomUUID } from "node:crypto";
import { rm } from "node:fs/promises";
import { describe } from "../../base/describe.js";
import { Problem } from "../problem.js";
import type { Executor, TaskOutcome } from "../runner/executor.js";
import type { ServeSettings } from "../settings.js";
import { createEstimate } from "./estimate.js";
import { createFairQueue } from "./fair-queue.js";
import { type Asked, etagOf, isOver, type JobProgress, type JobRecord } from "./job.js";
import { createRegistry, isTwin, type Job } from "./registry.js";
import { createRetention } from "./retention.js";
import type { JobStore } from "./store.js";

/** A picture that has come in, ready to become a job. */
interface Submission {
  /** Where its file lies; the job takes it away. */
  readonly path: string;
  readonly bytes: number;
  /** SHA-256 of the file, hexadecimal. */
  readonly sha256: string;
  readonly pixels?: number;
  readonly name: string;
  readonly owner: string;
  readonly asked: Asked;
  /** What tells this model from another of its name. */
  readonly modelDigest: string;
  readonly idempotencyKey?: string;
  readonly batch?: string;
  /** Whether it goes on when the server is started again; else it is only for a client that waits. */
  readonly kept: boolean;
}

/** A job as clients see it. */
export interface JobView {
  readonly record: JobRecord;
  readonly progress?: JobProgress;
  /** The place in the queue of a queued job; 1 for the one that is next. */
  readonly place?: number;
  /** The seconds until it ends, as far as can be known. */
  readonly secondsLeft?: number;
}

export interface Jobs {
  /**
   * Admits a job of an owner, before its picture is taken in.
   * @throws Problem 429 where no more jobs are taken from this owner just now, 503 while the server stops
   */
  admit(owner: string): void;
  /**
   * Makes a job of what was taken in.
   * @throws Problem as {@link admit}; 422 where the idempotency key belongs to another picture
   */
  submit(submission: Submission): Promise<JobView>;
  find(id: string): JobView | undefined;
  /** Lists the jobs of an owner, or of one of its batches, oldest first. */
  list(owner: string, batch?: string): JobView[];
  /** Gives up a job; one that is over goes with its result. */
  remove(id: string): Promise<void>;
  /** Calls back whenever the job changes, until the returned function is called. */
  watch(id: string, changed: () => void): () => void;
  /** Resolves when the job is over. */
  ended(id: string): Promise<JobRecord>;
  /** Notes that the result was fetched, and may go before others where room is short. */
  fetched(id: string): void;
  facts(): JobsFacts;
  /** Takes no more jobs, and waits so many seconds for those that run. */
  drain(seconds: number): Promise<void>;
}

export interface JobsFacts {
  readonly queued: number;
  readonly running: number;
  /** Bytes of pictures and results. */
  readonly stored: number;
  readonly stopping: boolean;
}

export async function openJobs(
  store: JobStore,
  executor: Executor,
  settings: Pick<ServeSettings, "attempts" | "queueLimit" | "storeLimit" | "keepSeconds" | "processes">,
  over: (record: JobRecord) => void = () => {},
): Promise<Jobs> {
  const jobs = createRegistry();
  const queue = createFairQueue<Job>();
  const running = new Set<Job>();
  const estimate = createEstimate(settings.processes);
  const retention = createRetention(jobs, settings, (job) => void drop(job));
  let stopping = false;
  let idle: (() => void) | undefined;

  /**
   * Changes a job, and is the only one to: on disk, in memory, and for whoever watches, in this order. Else a
   * server that is killed between them would tell how the job ended, and after its next start again.
   */
  async function become(job: Job, change: Partial<JobRecord>, written = true): Promise<void> {
    const record = { ...job.record, ...change };
    // A disk that is full shall not keep clients waiting; the next start then does the job again.
    if (written) await store.write(record).catch(() => {});
    // It was given up meanwhile.
    if (isOver(job.record)) return store.remove(job.id);
    jobs.replace(job, record);
    if (isOver(record)) {
      over(record);
      await store.removeInput(job.id).catch(() => {});
    }
    for (const changed of [...job.watchers]) changed();
  }

  function pump(): void {
    while (running.size < executor.capacity && !stopping) {
      // The same picture is not made twice at the same time, nor after it was made.
      const job = queue.take((next) => ![...running].some((other) => isTwin(other, next)));
      if (job === undefined) break;
      running.add(job);
      void run(job)
        .catch((error) => settle(job, { kind: "failed", problem: { status: 500, detail: describe(error) } }))
        .catch(() => {})
        .finally(() => {
          running.delete(job);
          job.running = undefined;
          if (running.size === 0) idle?.();
          pump();
        });
    }
  }

  async function run(job: Job): Promise<void> {
    const controller = new AbortController();
    job.running = controller;
    const { id, record } = job;
    if (await reuse(job)) return;
    const started = Date.now();
    await become(job, { state: "running", started }, false);
    const outcome = await executor.run(
      { id, input: store.inputOf(id), output: store.resultOf(id), name: record.name, asked: record.asked },
      {
        ...{ alone: job.alone, signal: controller.signal },
        onProgress(progress) {
          job.progress = progress;
          for (const changed of [...job.watchers]) changed();
        },
      },
    );
    if (outcome.kind === "done" || outcome.kind === "failed") {
      queue.correct(job, estimate.learn(record, started, Date.now(), outcome.kind === "done"));
    }
    await settle(job, outcome);
  }

  async function settle(job: Job, outcome: TaskOutcome): Promise<void> {
    job.progress = undefined;
    const ended = Date.now();
    if (!jobs.get(job.id)) return store.remove(job.id);
    switch (outcome.kind) {
      case "done":
        return become(job, { state: "done", ended, result: outcome.result });
      case "failed":
      case "parked":
        return become(job, { state: outcome.kind, ended, problem: outcome.problem });
      case "cancelled":
        // By a client it is over already; by a server that stops, it goes on with the next one.
        return isOver(job.record) ? undefined : become(job, { state: "queued", started: undefined }, false);
      case "died": {
        const deaths = job.record.deaths + (outcome.alone ? 1 : 0);
        if (deaths >= settings.attempts) {
          const detail =
            `${job.record.name} ended its process ${times(deaths)} (${outcome.why}); ` +
            "it is not tried again.";
          return become(job, { state: "parked", ended, deaths, problem: { status: 500, detail } });
        }
        job.alone = true;
        await become(job, { state: "queued", started: undefined, deaths });
        queue.putBack(job);
      }
    }
  }

  /** Takes the result of the same picture, made with the same settings for the same owner. */
  async function reuse(job: Job): Promise<boolean> {
    const twin = jobs.doneTwin(job);
    if (twin === undefined) return false;
    const { result } = twin.record;
    try {
      await store.share(twin.id, job.id);
    } catch {
      return false;
    }
    const now = Date.now();
    await become(job, { state: "done", started: now, ended: now, result });
    return true;
  }

  const admit = (owner: string): void => {
    if (stopping) throw new Problem(503, "the server is stopping; ask again soon", { "retry-after": "5" });
    const own = queue.countOf(owner);
    const free = settings.queueLimit - queue.size;
    // Nobody has more places than are free, so there are always some for others (Choudhury and Hahne 1998).
    if (own >= free) {
      const seconds = estimate.promise(queue.size);
      const detail = `${own} of your jobs and ${queue.size} in all wait already; ask again in ${seconds} s`;
      throw new Problem(429, detail, { "retry-after": String(seconds) });
    }
    const seconds = retention.makeRoom();
    if (seconds !== undefined) {
      const detail = `the store is full (${settings.storeLimit} MiB); ask again in ${seconds} s`;
      throw new Problem(429, detail, { "retry-after": String(seconds) });
    }
  };

  async function drop(job: Job): Promise<void> {
    jobs.forget(job);
    // What still runs writes there; it goes when that ends.
    if (!running.has(job)) await store.remove(job.id).catch(() => {});
  }

  const view = ({ id, record, progress }: Job): JobView => {
    if (isOver(record)) return { record };
    if (record.state === "queued") {
      const before = queue.placeOf(id);
      const place = before === undefined ? undefined : before + 1;
      return { record, place, secondsLeft: estimate.queued(before ?? 0, record) };
    }
    return { record, progress, secondsLeft: estimate.running(record, progress) };
  };

  for (const record of await store.read()) {
    const job = jobs.add(record, estimate.seconds(record));
    if (isOver(record)) continue;
    job.record = { ...record, state: "queued", started: undefined };
    if (record.deaths > 0) job.alone = true;
    queue.add(job);
  }
  executor.watch?.(pump);
  pump();

  return {
    admit,
    async submit({ path, sha256, modelDigest, ...rest }) {
      const etag = etagOf(sha256, rest.asked, modelDigest);
      const born = { id: randomUUID(), created: Date.now(), state: "queued", deaths: 0 } as const;
      const record: JobRecord = { ...rest, ...born, etag };
      const known = jobs.ofKey(record);
      if (known) {
        await rm(path, { force: true });
        if (known.record.etag === etag) return view(known);
        throw new Problem(422, "this Idempotency-Key was used for another picture or other options");
      }
      try {
        admit(record.owner);
      } catch (error) {
        await rm(path, { force: true });
        throw error;
      }
      const job = jobs.add(record, estimate.seconds(record));
      try {
        await store.add(record, path);
      } catch (error) {
        jobs.forget(job);
        await rm(path, { force: true });
        throw error;
      }
      // It may have been given up meanwhile.
      if (!jobs.get(job.id)) await store.remove(job.id);
      else if (!(await reuse(job))) {
        queue.add(job);
        pump();
      }
      return view(job);
    },
    find(id) {
      const job = jobs.get(id);
      return job && view(job);
    },
    list: (owner, batch) =>
      jobs
        .all()
        .filter(({ record }) => record.owner === owner && (batch === undefined || record.batch === batch))
        .map(view),
    async remove(id) {
      const job = jobs.get(id);
      if (job === undefined) return;
      queue.remove(id);
      if (!isOver(job.record)) await become(job, { state: "cancelled", ended: Date.now() }, false);
      job.running?.abort();
      await drop(job);
      pump();
    },
    watch(id, changed) {
      const watchers = jobs.get(id)?.watchers;
      watchers?.add(changed);
      return () => void watchers?.delete(changed);
    },
    ended(id) {
      const job = jobs.get(id);
      if (job === undefined) return Promise.reject(new Problem(404, "there is no such job"));
      return new Promise((resolve) => {
        const look = () => {
          if (!isOver(job.record)) return;
          job.watchers.delete(look);
          resolve(job.record);
        };
        job.watchers.add(look);
        look();
      });
    },
    fetched(id) {
      const job = jobs.get(id);
      if (job) job.fetched = true;
    },
    facts: () => ({ queued: queue.size, running: running.size, stored: jobs.stored, stopping }),
    async drain(seconds) {
      stopping = true;
      retention.close();
      const problem = { status: 503, detail: "the server is stopping; ask again soon" };
      for (const job of jobs.all()) {
        if (job.record.kept || job.record.state !== "queued") continue;
        queue.remove(job.id);
        await become(job, { state: "failed", ended: Date.now(), problem }, false);
      }
      if (running.size > 0) {
        await new Promise<void>((resolve) => {
          idle = resolve;
          setTimeout(resolve, seconds * 1000);
        });
      }
      await executor.close();
    },
  };
}

const times = (count: number) => (count === 1 ? "once" : `${count} times`);
