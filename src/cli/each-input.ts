import type { Input } from "./inputs.js";
import { printError } from "./report.js";
import type { Reporter } from "./reporter.js";

/**
 * Works on the inputs of a run one by one, with the bar showing which. An input that fails is told about on
 * standard error and does not stop the others.
 * @returns how many failed
 * @throws the signal's reason
 */
export async function eachInput<Job extends { readonly input: Input }>(
  jobs: readonly Job[],
  { bar }: Reporter,
  signal: AbortSignal,
  work: (job: Job) => Promise<void>,
): Promise<number> {
  let failed = 0;
  try {
    for (const [i, job] of jobs.entries()) {
      const { name } = job.input;
      bar.file(name, jobs.length > 1 ? `${i + 1}/${jobs.length}` : "");
      try {
        await work(job);
      } catch (error) {
        signal.throwIfAborted();
        bar.clear();
        printError(error, name);
        failed++;
      }
    }
  } finally {
    bar.clear();
  }
  return failed;
}
