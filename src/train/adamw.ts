/**
 * The optimiser as a graph over flat arrays [P], so that it runs where the weights are: AdamW (Loshchilov &
 * Hutter 2019, arXiv 1711.05101), gradients clipped by their global norm, and an exponential moving average
 * of the weights.
 */
import * as o from "../onnx/index.js";

/** What a step replaces, each [P]; the names of the graph's inputs. */
export const MOMENTS = ["weights", "average", "first", "second"] as const;

export type Moments<T> = Readonly<Record<(typeof MOMENTS)[number], T>>;

/** What a step is taken with. */
export interface StepSettings {
  readonly learningRate: number;
  /** Decoupled: the weights shrink by learningRate * weightDecay a step. Default 0. */
  readonly weightDecay?: number;
  /** Gradients longer than this are shortened to it. Default: none is. */
  readonly clip?: number;
  /**
   * The decay of the moving average: average = emaDecay average + (1 - emaDecay) weights. Default 1, which
   * leaves it as it is.
   */
  readonly emaDecay?: number;
}

/** The decay of the two moments, and what keeps the step's divisor from zero. */
export interface Betas {
  readonly beta1: number;
  readonly beta2: number;
  readonly epsilon: number;
}

export const BETAS: Betas = { beta1: 0.9, beta2: 0.999, epsilon: 1e-8 };

/** The scalar inputs of the graph, by name. */
const RATES = ["rate", "epsilon", "keep", "share", "shorten"] as const;

type Rates<T> = Readonly<Record<(typeof RATES)[number], T>>;

/**
 * Returns the scalar inputs of {@link adamW} for step n = 1, 2, ... What undoes the moments' start from zero,
 * 1 / (1
 * - beta^n), is in the rate and in epsilon, as at the end of section 2 of Kingma & Ba 2015: nothing is left
 * of it to do for each weight.
 * @param norm the gradient's length
 */
export function ratesOf(
  step: number,
  norm: number,
  { learningRate, weightDecay = 0, clip = Number.POSITIVE_INFINITY, emaDecay = 1 }: StepSettings,
  { beta1, beta2, epsilon }: Betas = BETAS,
): Rates<number> {
  const root = Math.sqrt(1 - beta2 ** step);
  return {
    rate: (learningRate * root) / (1 - beta1 ** step),
    epsilon: epsilon * root,
    keep: 1 - learningRate * weightDecay,
    share: 1 - emaDecay,
    shorten: norm > clip ? clip / norm : 1,
  };
}

/** Returns the squared length of a gradient [P], or of a part of it: a scalar. */
export function squaredNorm(gradient: o.Value): o.Value {
  return o.reduceSum(o.mul(gradient, gradient));
}

/**
 * Takes one step: with the gradient g times `shorten`, which clips it,
 *
 *     m = beta1 m + (1 - beta1) g        w = keep w - rate m / (sqrt(v) + epsilon)
 *     v = beta2 v + (1 - beta2) g^2      a = a + share (w - a)
 *
 * Whatever reads an input comes before the output that replaces it, or is its last operation, so both may be
 * one memory. Inputs beside these arrays: the scalars of {@link ratesOf}, by their names.
 * @param gradient [P]
 * @returns the next value of each array [P]
 */
export function adamW(
  { weights, average, first, second }: Moments<o.Value>,
  gradient: o.Value,
  { beta1, beta2 }: Betas = BETAS,
): Moments<o.Value> {
  const rates = Object.fromEntries(RATES.map((name) => [name, o.input(name, [])])) as Rates<o.Value>;
  const g = o.mul(gradient, rates.shorten);
  const m = o.add(o.mul(first, beta1), o.mul(g, 1 - beta1));
  const v = o.add(o.mul(second, beta2), o.mul(o.mul(g, g), 1 - beta2));
  const step = o.div(o.mul(m, rates.rate), o.add(o.sqrt(v), rates.epsilon));
  const w = o.sub(o.mul(weights, rates.keep), step);
  const a = o.add(average, o.mul(o.sub(w, average), rates.share));
  return { weights: w, average: a, first: m, second: v };
}
