/**
 * Measuring pictures. Networks block the thread that runs them, so where one is among the metrics, all of
 * them are open in a thread of their own; formulas alone are computed where the caller is.
 */

import { checkOptions, checkWhole, type OptionType } from "../base/arguments.js";
import { installedMetricFiles } from "../checkpoints/store/metric-files.js";
import { type Device, openInThread, startThread } from "../runtime/index.js";
import { type Preset, PUBLISHED_BORDER } from "../upscale/preset-names.js";
import { checkMetrics } from "./checks.js";
import { type Judgements, type LocalOptions, openMetrics } from "./local-measurer.js";
import { METRIC_NAMES, METRICS, type MetricName, type Pair } from "./metrics/index.js";
import { checkPristine, type PristineModel, readPristineModel } from "./niqe/niqe.js";
import type { functions } from "./worker.js";

export type { Judgements } from "./local-measurer.js";

export interface MeasurerOptions {
  readonly metrics: readonly MetricName[];
  /** Pixels left out along every edge by metrics that take a border; default 4, the scale factor. */
  readonly border?: number;
  /** What NIQE compares with; default: the model that comes with samsr. */
  readonly pristine?: PristineModel;
  /** Where networks run: `auto` (the default) is the GPU where one is worth it, else the CPU. */
  readonly device?: Device | "auto";
  /** Threads of networks on the CPU; default: one for each core. */
  readonly threads?: number;
}

export interface Measurer {
  readonly metrics: readonly MetricName[];
  /** Pixels that are left out along every edge. */
  readonly border: number;
  readonly pristine: PristineModel;
  /**
   * Measures pictures, together where they have one size. Metrics that need an original are left out where
   * there is none.
   * @param options.onMetric told which metric is at work
   * @throws the signal's reason, at once
   */
  measure(
    pairs: readonly Pair[],
    options?: { readonly signal?: AbortSignal; readonly onMetric?: (name: MetricName) => void },
  ): Promise<Judgements[]>;
  /** Waits for the work under way, then frees the networks and ends the thread. */
  close(): Promise<void>;
}

/** The border that super-resolution at four times is measured with. */
export const BORDER = 4;

/** Returns the border that is measured with, or that of a preset. */
export function borderOf(preset?: Preset): number {
  return preset === undefined ? BORDER : PUBLISHED_BORDER;
}

const OPTIONS = {
  metrics: "object",
  border: "number",
  pristine: "object",
  device: "string",
  threads: "number",
} as const satisfies Record<keyof MeasurerOptions, OptionType>;

/**
 * Opens metrics. Close it when done.
 * @throws SamsrError for the name of a metric that is none and other bad options, when the weights of one are
 *   missing or damaged, or the device is not there
 *
 * @example
 * const measurer = await createMeasurer({ metrics: ["psnr", "lpips"] });
 * const [{ psnr, lpips }] = await measurer.measure([{ picture, original }]);
 * await measurer.close();
 */
export async function createMeasurer(options: MeasurerOptions): Promise<Measurer> {
  checkOptions("createMeasurer", options, OPTIONS);
  const { metrics, border = BORDER, device = "auto", threads } = options;
  checkMetrics("createMeasurer", metrics);
  checkWhole("createMeasurer: the border", border, 0);
  if (threads !== undefined) checkWhole("createMeasurer: the number of threads", threads, 1);
  if (options.pristine !== undefined) checkPristine(options.pristine);
  const pristine = options.pristine ?? (await readPristineModel());
  const local = { metrics, border, pristine, device, threads };
  if (metrics.every((name) => METRICS[name].weights.length === 0)) return measurerHere(local);
  const thread = startThread<typeof functions>(new URL("./worker.js", import.meta.url));
  const { close } = await openInThread(thread, local);
  return {
    ...{ metrics, border, pristine },
    measure: (pairs, { signal, onMetric } = {}) =>
      thread.call("measure", pairs, {
        signal,
        onProgress: onMetric && ((name) => onMetric(name as MetricName)),
      }),
    close,
  };
}

async function measurerHere(options: LocalOptions): Promise<Measurer> {
  const opened = await openMetrics(options);
  return {
    ...options,
    measure(pairs, { signal, onMetric } = {}) {
      return opened.measure(pairs, { checkpoint: async () => signal?.throwIfAborted(), onMetric });
    },
    close: () => opened.release(),
  };
}

/** Returns the metrics whose weights are installed, in the order of tables. */
export async function readyMetrics(): Promise<MetricName[]> {
  const installed = (await installedMetricFiles()).map(({ name }) => name);
  return METRIC_NAMES.filter((name) => METRICS[name].weights.every((file) => installed.includes(file)));
}

/** A value for each metric that has one. */
export type Values = Readonly<Partial<Record<MetricName, number>>>;

/** Returns the values among judgements. */
export function valuesOf(judgements: Judgements): Values {
  return Object.fromEntries(Object.entries(judgements).filter(([, value]) => typeof value === "number"));
}

/** Returns the first reason among judgements why there is no value, if any. */
export function reasonIn(judgements: Judgements): string | undefined {
  for (const value of Object.values(judgements)) if (typeof value !== "number") return value.reason;
  return undefined;
}
