/**
 * `samsr upscale --queue`: the pictures are handed to the workers of a queue, through a folder that they see
 * too, and what they made is written where it belongs. A picture that fails does not stop the others.
 */
import { randomUUID } from "node:crypto";
import { mkdir } from "node:fs/promises";
import { dirname } from "node:path";
import { SamsrError } from "../../base/errors.js";
import { writeFileAtomically } from "../../image/index.js";
import { SAM_WORDS } from "../../semantics/sam/words.js";
import { isSourceName } from "../../semantics/sources/names.js";
import type { Asked } from "../../server/jobs/job.js";
import { QUEUE_PACKAGES, withPackages } from "../../server/packages.js";
import type { Exchange } from "../../server/queue/exchange.js";
import type { QueuedTask } from "../../server/queue/shared.js";
import type { Executor } from "../../server/runner/executor.js";
import { UPSCALE_WORDS } from "../../upscale/words.js";
import { readStandardInput } from "../inputs.js";
import { UsageError } from "../report.js";
import { writeToStdout } from "../streams.js";
import {
  finished,
  giveUp,
  openJob,
  runUnlessMade,
  type Tell,
  type UpscaleJob,
  type UpscaleRun,
} from "./job.js";
import type { UpscaleArguments } from "./settings.js";

const PLACE: QueuedTask["place"] = "handed-in";

/** Does the jobs, and notes in their results what became of them. */
export async function runByQueue(jobs: readonly UpscaleJob[], run: UpscaleRun): Promise<void> {
  const { options, reporter, signal } = run;
  const { queue, data = "", store, masks } = options;
  if (data === "" && store === undefined) {
    throw new UsageError(
      "--queue goes with --data or --store, the folder or bucket in which its workers find pictures",
    );
  }
  if (masks !== undefined && !isSourceName(masks)) {
    throw new UsageError(`--masks ${masks}: masks in files stay on this machine; with --queue name a source`);
  }
  const { createRemote } = await withPackages(QUEUE_PACKAGES, () => import("../../server/queue/remote.js"));
  const { openExchange } = await import("../../server/queue/exchange.js");
  if (store === undefined) await mkdir(data, { recursive: true });
  const exchange = await openExchange({ data, store });
  const workers = createRemote({ queue, prefix: options.prefix ?? "samsr", attempts: 3 }, PLACE);
  const under = new Set<Promise<void>>();
  let done = 0;
  const show = () => reporter.bar.update({ stage: "pictures", done, total: jobs.length });
  reporter.bar.file(queue!.replace(/\/\/.*@/, "//"), "");
  show();
  try {
    for (const job of jobs) {
      while (under.size >= workers.capacity) await Promise.race(under);
      signal.throwIfAborted();
      const work = runUnlessMade(job, () => enlarge(job, workers, exchange, run), run)
        .then(
          (tell) => tell(),
          (error) => (signal.aborted ? undefined : reporter.fail(job.result, error)),
        )
        .finally(() => {
          under.delete(work);
          done++;
          if (!signal.aborted) show();
        });
      under.add(work);
    }
    await Promise.all(under);
    signal.throwIfAborted();
  } catch (error) {
    await Promise.all(under);
    giveUp(jobs, error, run);
  } finally {
    reporter.bar.clear();
    await workers.close();
  }
}

/**
 * Hands one picture to the workers and waits for its result.
 * @returns what is to be said of it
 */
async function enlarge(
  job: UpscaleJob,
  workers: Executor,
  exchange: Exchange,
  run: UpscaleRun,
): Promise<Tell> {
  const { options, reporter, signal } = run;
  const begun = performance.now();
  const source = job.input.path ?? (await readStandardInput(signal));
  if (job.target === undefined) await openJob(job, source, run);
  const { path, format } = job.target!;
  const task = { id: randomUUID(), place: PLACE };
  try {
    await exchange.handIn(task, source);
    const asked = { ...askedOf(options), format };
    const outcome = await workers.run(
      // Workers know themselves where its files lie.
      { id: task.id, input: "", output: "", name: job.input.name, asked },
      { signal, onProgress: () => {} },
    );
    signal.throwIfAborted();
    if (outcome.kind === "failed" || outcome.kind === "parked") throw new SamsrError(outcome.problem.detail);
    if (outcome.kind !== "done") throw new SamsrError("the queue gave it up; try again");
    if (path === undefined) await writeToStdout(await exchange.read(task), signal);
    else {
      await mkdir(dirname(path), { recursive: true });
      await writeFileAtomically(path, (temporary) => exchange.bring(task, temporary), {
        ...{ overwrite: options.overwrite, signal },
      });
    }
    const milliseconds = Math.round(performance.now() - begun);
    return finished(job, { ...outcome.result, milliseconds }, reporter);
  } finally {
    await exchange.clear(task);
  }
}

/** Returns those of the options that workers are told. */
function askedOf(options: UpscaleArguments): Asked {
  const names = ["model", ...Object.keys(UPSCALE_WORDS), ...Object.keys(SAM_WORDS)];
  const said = options as unknown as Record<string, unknown>;
  return Object.fromEntries(names.map((name) => [name, said[name]])) as unknown as Asked;
}
