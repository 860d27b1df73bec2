/** `samsr metrics`: what can be measured, by which weights, and which of them are installed. */
import {
  installedMetricFiles,
  METRIC_FILE_NAMES,
  metricsFolder,
} from "../../checkpoints/store/metric-files.js";
import { METRIC_NAMES, METRICS } from "../../evaluate/metrics/index.js";
import { METRIC_FILES, type MetricFile } from "../../networks/metrics/index.js";
import { megabytes } from "../models/format.js";
import { print, printJson } from "../streams.js";

/** Prints the metrics, then the files of weights with their licences. */
export async function listMetricsCommand({ json }: { json?: boolean }): Promise<number> {
  const installed = new Map((await installedMetricFiles()).map((file) => [file.name, file]));
  const lacks = (name: (typeof METRIC_NAMES)[number]) =>
    METRICS[name].weights.filter((file) => !installed.has(file));
  if (json) {
    printJson({
      metrics: METRIC_NAMES.map((name) => {
        const { label, about, better, needsReference, weights } = METRICS[name];
        return { name, label, about, better, needsReference, weights, missing: lacks(name) };
      }),
      weights: METRIC_FILE_NAMES.map((name) => {
        const { file, url, sha256, summary, licence } = METRIC_FILES[name] as MetricFile;
        return { name, file, url, sha256, summary, licence, ...installed.get(name) };
      }),
    });
    return 0;
  }
  for (const name of METRIC_NAMES) {
    const { about, better, needsReference, weights } = METRICS[name];
    const judges = needsReference ? "compares with an original" : "needs no original";
    const missing = lacks(name);
    const state =
      weights.length === 0
        ? "ready"
        : missing.length === 0
          ? `ready: ${weights.join(", ")}`
          : `lacks ${missing.join(", ")}: samsr metrics pull ${name}`;
    print(`${name}\n  ${about}; ${judges}, ${better} is better\n  ${state}\n\n`);
  }
  print("Files of weights:\n\n");
  for (const name of METRIC_FILE_NAMES) {
    const { url, sha256, summary, licence } = METRIC_FILES[name] as MetricFile;
    const sum =
      sha256 === undefined ? "no SHA-256 stated" : `SHA-256 ${sha256}${sha256.length < 64 ? "..." : ""}`;
    const file = installed.get(name);
    const state = file ? `installed, ${megabytes(file.bytes)}` : "not installed";
    print(`${name}\n  ${summary}\n  licence: ${licence}\n  ${url}\n  ${sum}; ${state}\n\n`);
  }
  print(`They are kept in ${metricsFolder()}.\n`);
  return 0;
}
