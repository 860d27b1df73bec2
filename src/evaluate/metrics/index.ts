/** The metrics, by name: the one list that evaluation, comparison and the command go by. */
import type { Metric } from "./metric.js";
import { niqe } from "./niqe.js";
import { psnr } from "./psnr.js";
import { ssim } from "./ssim.js";

export type { LumaOptions, Metric, MetricContext } from "./metric.js";
export { psnrY } from "./psnr.js";
export { ssimY } from "./ssim.js";

export const METRICS = { psnr, ssim, niqe } as const satisfies Readonly<Record<string, Metric>>;

export type MetricName = keyof typeof METRICS;

/** The names of all metrics, in the order of tables. */
export const METRIC_NAMES = Object.keys(METRICS) as readonly MetricName[];
