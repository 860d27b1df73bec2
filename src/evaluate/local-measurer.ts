/** Metrics opened where the caller is: what the thread of a measurer works with. */
import { chooseDevice, loadBackend } from "../runtime/devices.js";
import type { Device } from "../runtime/index.js";
import { type Judgement, METRICS, type MetricName, type OpenMetric, type Pair } from "./metrics/index.js";
import type { PristineModel } from "./niqe/niqe.js";

/** What a picture's metrics say: a value for each, or why there is none. */
export type Judgements = Readonly<Partial<Record<MetricName, Judgement>>>;

export interface LocalOptions {
  readonly metrics: readonly MetricName[];
  /** Pixels left out along every edge by metrics that take a border. */
  readonly border: number;
  /** What NIQE compares with. */
  readonly pristine: PristineModel;
  readonly device: Device | "auto";
  readonly threads?: number;
}

interface Watch {
  /** Called now and then; what it throws ends the work. */
  readonly checkpoint?: () => Promise<void>;
  readonly onMetric?: (name: MetricName) => void;
}

/**
 * Opens metrics; a device is only asked for where one of them is a network.
 * @throws SamsrError when the weights of one are missing or damaged, or the device is not there
 */
export async function openMetrics({ metrics, border, pristine, ...on }: LocalOptions) {
  const networks = metrics.some((name) => METRICS[name].weights.length > 0);
  const device = networks ? await chooseDevice(on.device, await loadBackend(undefined, on.device)) : "cpu";
  const opened = new Map<MetricName, OpenMetric>();
  for (const name of metrics) {
    opened.set(name, await METRICS[name].open({ border, pristine, device, threads: on.threads }));
  }
  return {
    /** Measures pictures by every metric, but for those that need an original where there is none. */
    async measure(pairs: readonly Pair[], { checkpoint = async () => {}, onMetric }: Watch = {}) {
      const all: Partial<Record<MetricName, Judgement>>[] = pairs.map(() => ({}));
      for (const [name, metric] of opened) {
        const { needsReference } = METRICS[name];
        const fitting = pairs.flatMap((pair, i) => (needsReference && !pair.original ? [] : [i]));
        if (fitting.length === 0) continue;
        onMetric?.(name);
        const some = fitting.map((i) => pairs[i]);
        const values = await metric.measure(some, checkpoint);
        fitting.forEach((place, i) => {
          all[place][name] = values[i];
        });
      }
      return all as Judgements[];
    },
    async release() {
      for (const metric of opened.values()) await metric.release?.();
    },
  };
}
