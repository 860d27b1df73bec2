/**
 * `samsr upscale`: from words to the list of pictures, and from what became of them to the exit code. What
 * can be refused by names and settings alone is refused before the network runs.
 */
import { dirname } from "node:path";
import { sweepLocks } from "../../base/lock.js";
import { findUpscalingModel } from "../../upscale/model.js";
import { findInputs } from "../inputs.js";
import { checkName, chooseDestination, planTargets } from "../outputs.js";
import { UsageError } from "../report.js";
import { createReporter } from "../reporter.js";
import { printJson, say } from "../streams.js";
import { type Job, runAll, skipped, type UpscaleResult, type UpscaleRun } from "./batch.js";
import { checkSettings, type UpscaleArguments } from "./settings.js";

/** @returns the exit code: 0, or 1 when a picture failed */
export async function upscaleCommand(
  words: readonly string[],
  options: UpscaleArguments,
  signal: AbortSignal,
): Promise<number> {
  const found = await findInputs(words, options);
  const destination = await chooseDestination(options.out, found, options.format);
  checkName(options, destination);
  const toStdout = destination.kind === "stdout";
  if (toStdout && options.json) {
    throw new UsageError("--json and the picture cannot both go to standard output; give -o a file");
  }
  const model = await findUpscalingModel(options.model);
  await checkSettings(options, model.description);

  const reporter = createReporter({ ...options, toStdout });
  const missing = found.failures.map(({ name, error }) => {
    const result: UpscaleResult = { input: name };
    reporter.fail(result, error);
    return result;
  });
  const jobs = found.inputs.map((input): Job => ({ input, result: { input: input.name } }));
  const targets = await planTargets({ ...options, destination, inputs: found.inputs });
  const run: UpscaleRun = { options, model, targets, reporter, signal };
  const due = await claimTargets(jobs, run);
  if (options.queue === undefined) await runAll(due, run);
  else await (await import("./by-queue.js")).runByQueue(due, run);

  const results = [...missing, ...jobs.map(({ result }) => result)];
  if (options.json) printJson(results);
  const failed = results.filter(({ error }) => error !== undefined);
  if (failed.length > 0 && results.length > 1 && !signal.aborted) {
    const names = failed.map(({ input }) => input).join(", ");
    say(`samsr: ${failed.length} of ${results.length} failed: ${names}`);
  }
  return failed.length > 0 ? 1 : 0;
}

/** The jobs that there is something to do for, after refusing and skipping what names alone decide. */
async function claimTargets(jobs: readonly Job[], { targets, reporter }: UpscaleRun): Promise<Job[]> {
  const due: Job[] = [];
  const swept = new Set<string>();
  for (const job of jobs) {
    try {
      job.target = await targets.claim(job.input);
      const folder = job.target?.skip && job.target.path && dirname(job.target.path);
      if (folder && !swept.has(folder)) await sweepLocks(folder);
      if (folder) swept.add(folder);
      if (job.target?.skip) skipped(job, reporter)();
      else due.push(job);
    } catch (error) {
      reporter.fail(job.result, error);
    }
  }
  return due;
}
