/** Checks of what measuring is handed by callers without types. */
import { checkArgument, isObject } from "../base/arguments.js";
import { brief } from "../base/brief.js";
import { SamsrError } from "../base/errors.js";
import { METRIC_NAMES, type MetricName } from "./metrics/index.js";

/** Refuses what is no list of metrics. @throws SamsrError that lists them */
export function checkMetrics(of: string, metrics: readonly MetricName[]): void {
  checkArgument(`${of}: the metrics`, metrics, Array.isArray(metrics), "a list of names");
  const unknown = metrics.find((name) => !METRIC_NAMES.includes(name));
  if (unknown === undefined && !metrics.includes(undefined as never)) return;
  throw new SamsrError(`${of}: there is no metric ${brief(unknown)}; there are ${METRIC_NAMES.join(", ")}`);
}

/** Refuses what does not measure. @throws SamsrError that says what was expected and what came */
export function checkMeasurer(of: string, measurer: unknown): void {
  const good = isObject(measurer) && typeof measurer.measure === "function";
  checkArgument(`${of}: the measurer`, measurer, good, "what createMeasurer returned");
}

/** Refuses what is no list of maps. @throws SamsrError that says what was expected and what came */
export function checkMaps(what: string, maps: readonly unknown[]): void {
  const good = Array.isArray(maps) && maps.every((map) => map instanceof Map);
  checkArgument(what, maps, good, "maps by the names of methods");
}
