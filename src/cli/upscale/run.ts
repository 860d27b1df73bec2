/**
 * `samsr upscale`: from words to the list of pictures, and from what became of them to the exit code. What
 * can be refused by names and settings alone is refused before the network runs.
 */
import { totalmem } from "node:os";
import { dirname } from "node:path";
import { SamsrError } from "../../base/errors.js";
import { sweepLocks } from "../../base/lock.js";
import type { UpscalingModel } from "../../checkpoints/index.js";
import { findUpscalingModel } from "../../upscale/model.js";
import { withPreset } from "../../upscale/presets.js";
import { findInputs } from "../inputs.js";
import { checkResultName, chooseDestination, planTargets } from "../outputs.js";
import { UsageError } from "../report.js";
import { createReporter } from "../reporter.js";
import { printJson, say } from "../streams.js";
import { runAll } from "./batch.js";
import { skipped, type UpscaleJob, type UpscaleResult, type UpscaleRun } from "./job.js";
import { checkSettings, type UpscaleArguments } from "./settings.js";

/**
 * Runs `samsr upscale`.
 * @returns the exit code: 0, or 1 when a picture failed
 */
export async function upscaleCommand(
  words: readonly string[],
  said: UpscaleArguments,
  signal: AbortSignal,
): Promise<number> {
  const found = await findInputs(words, said);
  const destination = await chooseDestination(said.out, found, said.format);
  checkResultName(said, destination);
  const toStdout = destination.kind === "stdout";
  if (toStdout && said.json) {
    throw new UsageError("--json and the picture cannot both go to standard output; give -o a file");
  }
  const model = await findUpscalingModel(said.model);
  const reporter = createReporter({ ...said, toStdout });
  const options = presetOptions(said, model.description, reporter.say);
  await checkSettings(options, model.description);

  const missing = found.failures.map(({ name, error }) => {
    const result: UpscaleResult = { input: name };
    reporter.fail(result, error);
    return result;
  });
  const jobs = found.inputs.map((input): UpscaleJob => ({ input, result: { input: input.name } }));
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

/**
 * Puts a preset under the options that were given.
 * @throws UsageError for a preset that is not for the model
 */
function presetOptions(
  said: UpscaleArguments,
  model: UpscalingModel,
  tell: (line: string) => void,
): UpscaleArguments {
  try {
    return withPreset(said, model, totalmem(), tell);
  } catch (error) {
    throw error instanceof SamsrError ? new UsageError(error.message) : error;
  }
}

/**
 * Returns the jobs that there is something to do for, after refusing and skipping what names alone decide.
 */
async function claimTargets(
  jobs: readonly UpscaleJob[],
  { targets, reporter }: UpscaleRun,
): Promise<UpscaleJob[]> {
  const due: UpscaleJob[] = [];
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
