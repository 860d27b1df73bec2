/** The metrics, by name: the one list that evaluation, comparison, tables and the command go by. */
import { clipiqa, clipiqaPair, clipiqaPlus } from "./clipiqa.js";
import { dists } from "./dists.js";
import { lpips, lpipsSqueeze, lpipsVgg } from "./lpips.js";
import type { Metric } from "./metric.js";
import { musiq, musiqAva, musiqSpaq } from "./musiq.js";
import { niqe } from "./niqe.js";
import { psnr } from "./psnr.js";
import { ssim } from "./ssim.js";

export type { LumaOptions } from "../luma.js";
export type { Judgement, Metric, MetricSetup, OpenMetric, Pair } from "./metric.js";
export { psnrY } from "./psnr.js";
export { ssimY } from "./ssim.js";

export const METRICS = {
  psnr,
  ssim,
  lpips,
  "lpips-vgg": lpipsVgg,
  "lpips-squeeze": lpipsSqueeze,
  dists,
  niqe,
  clipiqa,
  "clipiqa-pair": clipiqaPair,
  "clipiqa-plus": clipiqaPlus,
  musiq,
  "musiq-spaq": musiqSpaq,
  "musiq-ava": musiqAva,
} as const satisfies Readonly<Record<string, Metric>>;

export type MetricName = keyof typeof METRICS;

/** The names of all metrics, in the order of tables. */
export const METRIC_NAMES = Object.keys(METRICS) as readonly MetricName[];

/** The metrics that need no weights: what is measured where nobody names metrics. */
export const PLAIN_METRICS = METRIC_NAMES.filter((name) => METRICS[name].weights.length === 0);
