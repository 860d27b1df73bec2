/** Names of metrics as words of a command. */
import { METRIC_NAMES, METRICS, type MetricName, PLAIN_METRICS } from "../evaluate/metrics/index.js";
import { UsageError } from "./report.js";

/** Returns the metrics with what each is, for the help of a command. */
export function metricsHelp(): string {
  const width = Math.max(...METRIC_NAMES.map((name) => name.length));
  const lines = METRIC_NAMES.map((name) => {
    const { about, better, weights } = METRICS[name];
    const needs = weights.length > 0 ? "; weights" : "";
    return `  ${name.padEnd(width)}  ${about} (${better} is better${needs})`;
  });
  return `Metrics:\n${lines.join("\n")}\n
Those with weights need files that others publish: "samsr metrics list" says which, "samsr metrics pull NAME"
fetches them.`;
}

/**
 * Chooses the metrics that `--metrics` names, separated by commas; `all` is every one whose weights are
 * installed. Left out, those that need no weights.
 * @param compares whether there are originals
 * @throws UsageError for a name that is none, or a metric that needs the originals which are not given
 */
export async function chooseMetrics(words: string | undefined, compares: boolean): Promise<MetricName[]> {
  const fits = (name: MetricName) => compares || !METRICS[name].needsReference;
  if (words === undefined) return PLAIN_METRICS.filter(fits);
  if (words.trim() === "all") {
    const { readyMetrics } = await import("../evaluate/measurer.js");
    return (await readyMetrics()).filter(fits);
  }
  const names = [...new Set(words.split(",").map((name) => name.trim()))];
  for (const name of names) {
    if (!METRIC_NAMES.includes(name as MetricName)) {
      throw new UsageError(`there is no metric "${name}"; there are ${METRIC_NAMES.join(", ")}, and all`);
    }
    if (!fits(name as MetricName)) {
      throw new UsageError(`${name} compares with originals; give their folder with --ref`);
    }
  }
  return names as MetricName[];
}
