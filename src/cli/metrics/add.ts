/** `samsr metrics add FILE...`: published files of weights are installed. */
import { addMetricFile, METRIC_FILE_NAMES } from "../../checkpoints/store/metric-files.js";
import type { MetricFileName } from "../../networks/metrics/index.js";
import type { Interrupts } from "../interrupt.js";
import { PATIENCE } from "../models/add.js";
import { megabytes } from "../models/format.js";
import { UsageError } from "../report.js";
import { createReporter } from "../reporter.js";
import { printJson } from "../streams.js";

export interface AddMetricsArguments {
  readonly as?: string;
  readonly overwrite?: boolean;
  readonly json?: boolean;
  readonly quiet?: boolean;
}

export async function addMetricsCommand(
  files: readonly string[],
  { as, overwrite, json, quiet }: AddMetricsArguments,
  interrupts: Interrupts,
): Promise<number> {
  if (as !== undefined && !METRIC_FILE_NAMES.includes(as as MetricFileName)) {
    throw new UsageError(`--as ${as}: there are no such weights; there are ${METRIC_FILE_NAMES.join(", ")}`);
  }
  if (as !== undefined && files.length > 1) throw new UsageError("--as goes with one file");
  interrupts.allow(PATIENCE);
  const reporter = createReporter({ quiet, json });
  const added = [];
  for (const file of files) {
    const options = { as: as as MetricFileName | undefined, overwrite, signal: interrupts.signal };
    const installed = await addMetricFile(file, options);
    reporter.say(`${installed.name}: ${megabytes(installed.bytes)}, in ${installed.path}`);
    added.push(installed);
  }
  if (json) printJson(added);
  return 0;
}
