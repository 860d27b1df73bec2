/** A worker: takes pictures from the queue and enlarges them in processes of this machine. */
import { type Job, Queue, WaitingError, Worker } from "bullmq";
import { SamsrError } from "../../base/errors.js";
import type { Executor } from "../runner/executor.js";
import { createPool } from "../runner/pool.js";
import type { WorkSettings } from "../settings.js";
import { openExchange, type PictureFiles } from "./exchange.js";
import { connectionOf, QUEUE, type QueuedOutcome, type QueuedTask } from "./shared.js";

/** Milliseconds between two looks whether a picture is still wanted, and between two words on progress. */
const [WANTED, PAUSE] = [2000, 250];

/**
 * Works until the signal aborts, and then until the pictures under way are done or their time is over.
 * @param options.ready told once it asks for pictures
 * @throws SamsrError where pictures cannot be reached, or the queue cannot be at all
 */
export async function work(
  settings: WorkSettings & { readonly drainSeconds: number },
  { signal, ready }: { signal: AbortSignal; ready: () => void },
): Promise<void> {
  const { queue, prefix, attempts, drainSeconds } = settings;
  if (queue === undefined) throw new SamsrError("a worker needs a queue, such as redis://localhost:6379");
  const exchange = await openExchange(settings);
  const lease = settings.leaseSeconds * 1000;
  const pool = createPool(settings);
  const pictures = new Queue<QueuedTask, QueuedOutcome>(QUEUE, {
    connection: connectionOf(settings),
    prefix,
  });
  pictures.on("error", () => {});
  const worker = new Worker<QueuedTask, QueuedOutcome>(
    QUEUE,
    (job, token) =>
      exchange.take(job.data, (files, sent) => enlarge(job, token, { pool, files, sent, pictures })),
    {
      ...{ connection: connectionOf(settings), prefix, concurrency: pool.capacity },
      ...{ lockDuration: lease, stalledInterval: lease / 2, maxStalledCount: attempts },
    },
  );
  // It connects again by itself.
  worker.on("error", () => {});
  await worker.waitUntilReady();
  ready();
  await new Promise<void>((resolve) => {
    if (signal.aborted) resolve();
    signal.addEventListener("abort", () => resolve(), { once: true });
  });
  const late = setTimeout(() => void pool.close(), drainSeconds * 1000);
  await worker.close();
  clearTimeout(late);
  await pictures.close();
  await pool.close();
}

async function enlarge(
  job: Job<QueuedTask, QueuedOutcome>,
  token: string | undefined,
  {
    pool,
    files,
    sent,
    pictures,
  }: {
    pool: Executor;
    files: PictureFiles;
    sent: () => Promise<void>;
    pictures: Pick<Queue<QueuedTask, QueuedOutcome>, "getJob">;
  },
): Promise<QueuedOutcome> {
  const { id, name, asked } = job.data;
  const controller = new AbortController();
  const wanted = setInterval(() => {
    const now = pictures.getJob(id) as Promise<Job<QueuedTask> | undefined>;
    void now.then((found) => (found?.data.cancelled ? controller.abort() : undefined)).catch(() => {});
  }, WANTED);
  let told = 0;
  try {
    for (let alone = job.attemptsMade > 0; ; alone = true) {
      const outcome = await pool.run(
        { id, ...files, name, asked },
        {
          ...{ alone, signal: controller.signal },
          onProgress(progress) {
            if (Date.now() - told < PAUSE) return;
            told = Date.now();
            void job.updateProgress({ ...progress }).catch(() => {});
          },
        },
      );
      switch (outcome.kind) {
        case "done":
          await sent();
          return outcome;
        case "failed":
          return outcome;
        case "died":
          // Who was not alone is not to blame yet.
          if (outcome.alone) throw new Error(outcome.why);
          break;
        default:
          if (controller.signal.aborted) return { kind: "cancelled" };
          // This worker is stopping.
          await job.moveToWait(token);
          throw new WaitingError();
      }
    }
  } finally {
    clearInterval(wanted);
  }
}
