/**
 * The optimiser of optimizer.ts as a graph, for devices on which the weights stay: AdamW, clipping by global norm, the moving
 * average, and the sum over micro-batches, over flat arrays [P] as they are there.
 */
import * as o from "../onnx/index.js";

/** What the optimiser keeps, each [P]; the names of the graph's inputs. */
export const CARRIED = ["weights", "average", "first", "second", "sum"] as const;

export type Carried = Readonly<Record<(typeof CARRIED)[number], o.Value>>;

/** What a step is told, each a scalar input of that name. */
export const RATES = ["rate", "correction", "keep", "share", "limit", "fraction", "begin", "apply"] as const;

export interface Rates {
  /** learningRate / (1 - beta1^n), at step n = 1, 2, ... */
  readonly rate: number;
  /** 1 / (1 - beta2^n) */
  readonly correction: number;
  /** 1 - learningRate weightDecay */
  readonly keep: number;
  /** 1 - decay of the moving average */
  readonly share: number;
  /** Gradients longer than this are shortened to it. */
  readonly limit: number;
  /** 1 / micro-batches of a step. */
  readonly fraction: number;
  /** Whether this micro-batch is a step's first: 1 or 0. */
  readonly begin: number;
  /** Whether it is the last, after which the step is taken: 1 or 0. */
  readonly apply: number;
}

export function carriedInputs(size: number): Carried {
  return Object.fromEntries(CARRIED.map((name) => [name, o.input(name, [size])])) as Record<
    (typeof CARRIED)[number],
    o.Value
  >;
}

/**
 * @param gradient [P] of this micro-batch
 * @returns the next value of what is carried, and the length of the gradient summed so far
 */
export function adamGraph(
  { weights, average, first, second, sum }: Carried,
  gradient: o.Value,
  { beta1 = 0.9, beta2 = 0.999, epsilon = 1e-8 } = {},
): { next: Carried; norm: o.Value } {
  const rates = Object.fromEntries(RATES.map((name) => [name, o.input(name, [])])) as Record<
    (typeof RATES)[number],
    o.Value
  >;
  const fresh = o.greater(rates.begin, 0.5);
  const share = o.mul(gradient, rates.fraction);
  const total = o.where(fresh, share, o.add(sum, share));
  const norm = o.sqrt(o.reduceSum(o.mul(total, total)));
  const g = o.mul(total, o.minimum(o.div(rates.limit, o.maximum(norm, 1e-30)), 1));
  const m = o.add(o.mul(first, beta1), o.mul(g, 1 - beta1));
  const v = o.add(o.mul(second, beta2), o.mul(o.mul(g, g), 1 - beta2));
  const step = o.div(o.mul(m, rates.rate), o.add(o.sqrt(o.mul(v, rates.correction)), epsilon));
  const w = o.sub(o.mul(weights, rates.keep), step);
  const a = o.add(average, o.mul(o.sub(w, average), rates.share));
  const due = o.greater(rates.apply, 0.5);
  const next = {
    weights: o.where(due, w, weights),
    average: o.where(due, a, average),
    first: o.where(due, m, first),
    second: o.where(due, v, second),
    sum: total,
  };
  return { next, norm };
}
