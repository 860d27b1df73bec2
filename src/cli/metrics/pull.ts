/** `samsr metrics pull NAME...`: the weights of metrics from where their authors publish them. */
import { METRIC_FILE_NAMES, pullMetricFile } from "../../checkpoints/store/metric-files.js";
import { METRIC_NAMES, METRICS, type MetricName } from "../../evaluate/metrics/index.js";
import { METRIC_FILES, type MetricFileName } from "../../networks/metrics/index.js";
import type { Interrupts } from "../interrupt.js";
import { PATIENCE } from "../models/add.js";
import { megabytes } from "../models/format.js";
import { modelProgress } from "../models/progress.js";
import type { PullArguments } from "../models/pull-words.js";
import { UsageError } from "../report.js";
import { createReporter } from "../reporter.js";
import { printJson } from "../streams.js";

export async function pullMetricsCommand(
  names: readonly string[],
  { overwrite, json, quiet, ...options }: PullArguments,
  interrupts: Interrupts,
): Promise<number> {
  const files = [...new Set(names.flatMap(filesOf))];
  const { from = process.env.SAMSR_MIRROR } = options;
  if (from !== undefined && !from.endsWith("/") && files.length > 1) {
    throw new UsageError(
      `--from names one file, and ${files.join(", ")} are needed; name a folder, ending in /`,
    );
  }
  interrupts.allow(PATIENCE);
  const reporter = createReporter({ quiet, json });
  const pulled = [];
  try {
    for (const name of files) {
      const onProgress = modelProgress(reporter.bar);
      const added = await pullMetricFile(name, { from, overwrite, signal: interrupts.signal, onProgress });
      reporter.bar.clear();
      const { licence } = METRIC_FILES[name];
      if (added) reporter.say(`${name}: ${megabytes(added.bytes)}, in ${added.path}; licence: ${licence}`);
      else reporter.say(`${name} is installed already; --overwrite fetches it again`);
      if (added) pulled.push(added);
    }
  } finally {
    reporter.bar.clear();
  }
  if (json) printJson(pulled);
  return 0;
}

/** Returns the files of a metric, or a file itself. @throws UsageError for a name that is neither */
function filesOf(name: string): readonly MetricFileName[] {
  if (METRIC_NAMES.includes(name as MetricName)) return METRICS[name as MetricName].weights;
  if (METRIC_FILE_NAMES.includes(name as MetricFileName)) return [name as MetricFileName];
  throw new UsageError(
    `there is no metric "${name}", nor weights of that name; there are ${METRIC_NAMES.join(", ")}; ` +
      `${METRIC_FILE_NAMES.join(", ")}`,
  );
}
