/** A worker: takes pictures from the queue and enlarges them in processes of this machine. */
import { stat } from "node:fs/promises";
import { type Job, Queue, WaitingError, Worker } from "bullmq";
import { SamsrError } from "../../base/errors.js";
import { createPool, type Executor } from "../runner/pool.js";
import type { WorkSettings } from "../settings.js";
import { connectionOf, filesOf, QUEUE, type QueuedOutcome, type QueuedTask } from "./shared.js";

/** Milliseconds between two looks whether a picture is still wanted, and between two words on progress. */
const [WANTED, PAUSE] = [2000, 250];

/**
 * Works until the signal aborts, and then until the pictures under way are done or their time is over.
 * @param options.ready told once it asks for pictures
 * @throws SamsrError where the folder of pictures is not there, or the queue cannot be reached at all
 */
export async function work(
  settings: WorkSettings & { readonly drainSeconds: number },
  { signal, ready }: { signal: AbortSignal; ready: () => void },
): Promise<void> {
  const { data, queue, prefix, attempts, drainSeconds } = settings;
  if (queue === undefined) throw new SamsrError("a worker needs a queue, such as redis://localhost:6379");
  if (!(await stat(data).catch(() => undefined))?.isDirectory()) {
    throw new SamsrError(`${data} is no folder; name the one in which the server's pictures lie`);
  }
  const lease = settings.leaseSeconds * 1000;
  const pool = createPool(settings);
  const pictures = new Queue<QueuedTask, QueuedOutcome>(QUEUE, {
    connection: connectionOf(settings),
    prefix,
  });
  pictures.on("error", () => {});
  const worker = new Worker<QueuedTask, QueuedOutcome>(
    QUEUE,
    (job, token) => enlarge(job, token, { pool, data, pictures }),
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
    data,
    pictures,
  }: { pool: Executor; data: string; pictures: Pick<Queue<QueuedTask, QueuedOutcome>, "getJob"> },
): Promise<QueuedOutcome> {
  const { id, name, asked } = job.data;
  const files = filesOf(data, job.data);
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
