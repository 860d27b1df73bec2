/**
 * Pictures that workers of other processes and machines enlarge. The queue in Redis (BullMQ) leases them out;
 * only as many are handed to it as workers can have soon, so that the order stays the server's to decide.
 * What Redis has forgotten, after it was killed, is handed in again: a picture enlarged twice is the same.
 */
import { type Job, Queue, QueueEvents } from "bullmq";
import type { JobProgress } from "../jobs/job.js";
import { type Executor, type PendingTask, pending, type TaskOutcome } from "../runner/executor.js";
import type { Task } from "../runner/protocol.js";
import type { WorkSettings } from "../settings.js";
import { connectionOf, QUEUE, type QueuedOutcome, type QueuedTask } from "./shared.js";

/** Milliseconds between two looks at what Redis has, should a word of it have been lost. */
const SWEEP = 2000;
/** Seconds for which Redis keeps an outcome that nobody has asked for yet. */
const KEEP = 3600;
/** Pictures that a worker has or will have soon. */
const A_WORKER = 3;

/**
 * Creates an executor that hands tasks to workers through Redis.
 * @param place of the folder that pictures handed in lie in
 */
export function createRemote(
  settings: Pick<WorkSettings, "queue" | "prefix" | "attempts">,
  place: QueuedTask["place"],
): Executor {
  const common = { connection: connectionOf(settings), prefix: settings.prefix };
  const queue = new Queue<QueuedTask, QueuedOutcome>(QUEUE, common);
  const events = new QueueEvents(QUEUE, common);
  const waiting = new Map<string, PendingTask<QueuedTask>>();
  let workers = 0;
  let grown = () => {};
  let closed = false;
  // Both connect again by themselves, and what was lost meanwhile is looked for.
  queue.on("error", () => {});
  events.on("error", () => {});

  const add = (task: QueuedTask) =>
    queue.add("picture", task, {
      ...{ jobId: task.id, attempts: settings.attempts, removeOnComplete: { age: KEEP } },
      removeOnFail: { age: KEEP },
    });

  function settle(id: string, outcome: TaskOutcome): void {
    const one = waiting.get(id);
    if (one === undefined) return;
    waiting.delete(id);
    one.settle(outcome);
    if (outcome.kind !== "cancelled") void queue.remove(id).catch(() => {});
  }

  function failed(id: string, reason: string): void {
    const name = waiting.get(id)?.task.name ?? "the picture";
    const detail = `${name} ended its processes (${reason.slice(0, 200)}); it is not tried again.`;
    settle(id, { kind: "parked", problem: { status: 500, detail } });
  }

  events.on("completed", ({ jobId, returnvalue }) => {
    settle(jobId, outcomeOf(returnvalue as unknown as QueuedOutcome | string));
  });
  events.on("failed", ({ jobId, failedReason }) => failed(jobId, failedReason));
  events.on("progress", ({ jobId, data }) => {
    waiting.get(jobId)?.options.onProgress(data as unknown as JobProgress);
  });

  async function look({ task }: PendingTask<QueuedTask>): Promise<void> {
    // First how it stands, then the rest: what is read of one that ends in between has no outcome yet.
    const state = await queue.getJobState(task.id);
    const job = (await queue.getJob(task.id)) as Job<QueuedTask, QueuedOutcome> | undefined;
    if (!waiting.has(task.id) || closed) return;
    if (job === undefined) return void (await add(task));
    if (state === "completed") settle(task.id, outcomeOf(job.returnvalue));
    else if (state === "failed") failed(task.id, job.failedReason);
  }

  async function sweep(): Promise<void> {
    const before = workers;
    workers = await queue.getWorkersCount();
    if (workers > before) grown();
    for (const one of [...waiting.values()]) await look(one);
  }
  let sweeping = false;
  const clock = setInterval(async () => {
    if (sweeping) return;
    sweeping = true;
    await sweep().catch(() => {});
    sweeping = false;
  }, SWEEP).unref();

  async function cancel(task: QueuedTask): Promise<void> {
    settle(task.id, { kind: "cancelled" });
    // One that a worker has cannot be taken away; the worker sees the word.
    if ((await queue.remove(task.id)) === 1) return;
    const job = await queue.getJob(task.id);
    await job?.updateData({ ...task, cancelled: true });
  }

  return {
    get capacity() {
      return Math.max(2, workers * A_WORKER);
    },
    run({ id, name, asked }: Task, options) {
      return pending<QueuedTask>(
        { id, place, name, asked },
        options,
        (one) => {
          waiting.set(id, one);
          // Redis may be away; then the next sweep hands it in.
          void add(one.task).catch(() => {});
        },
        ({ task }) => void cancel(task).catch(() => {}),
      );
    },
    memory: () => 0,
    watch(listener) {
      grown = listener;
    },
    async close() {
      closed = true;
      clearInterval(clock);
      // They go on without us, and whoever comes next asks for the same.
      for (const id of [...waiting.keys()]) settle(id, { kind: "cancelled" });
      // Events that are only disconnected are waited for again and again, and the process does not end.
      await Promise.all([queue.disconnect(), events.close()]).catch(() => {});
    },
  };
}

/** Events bring it as text. */
function outcomeOf(value: QueuedOutcome | string): TaskOutcome {
  return (typeof value === "string" ? JSON.parse(value) : value) as QueuedOutcome;
}
