/**
 * AdamW (Loshchilov & Hutter 2019, arXiv 1711.05101) over flat arrays, gradient clipping by global norm, and an
 * exponential moving average of the weights.
 */
export interface AdamOptions {
  readonly learningRate: number;
  readonly beta1?: number;
  readonly beta2?: number;
  readonly epsilon?: number;
  /** Decoupled: the weights shrink by learningRate * weightDecay a step. */
  readonly weightDecay?: number;
}

export interface AdamState {
  readonly first: Float32Array;
  readonly second: Float32Array;
  /** Steps taken. */
  step: number;
}

export function createAdamState(size: number): AdamState {
  return { first: new Float32Array(size), second: new Float32Array(size), step: 0 };
}

/** One step, in place; `scale` multiplies the gradient first (clipping, averaging of accumulated batches). */
export function adamStep(
  weights: Float32Array,
  gradient: Float32Array,
  state: AdamState,
  options: AdamOptions,
  scale = 1,
): void {
  const { learningRate, beta1 = 0.9, beta2 = 0.999, epsilon = 1e-8, weightDecay = 0 } = options;
  const { first, second } = state;
  const corrections = biasCorrections(++state.step, { beta1, beta2 });
  const rate = learningRate * corrections.first;
  const correction = corrections.second;
  const keep = 1 - learningRate * weightDecay;
  for (let i = 0; i < weights.length; i++) {
    const g = gradient[i] * scale;
    const m = beta1 * first[i] + (1 - beta1) * g;
    const v = beta2 * second[i] + (1 - beta2) * g * g;
    first[i] = m;
    second[i] = v;
    weights[i] = weights[i] * keep - (rate * m) / (Math.sqrt(v * correction) + epsilon);
  }
}

/** What undoes the moments' start from zero, at step n = 1, 2, ...: 1 / (1 - beta^n). */
export function biasCorrections(
  step: number,
  { beta1 = 0.9, beta2 = 0.999 } = {},
): { readonly first: number; readonly second: number } {
  return { first: 1 / (1 - beta1 ** step), second: 1 / (1 - beta2 ** step) };
}

/** The Euclidean length of a gradient; NaN or infinite when a component is. */
export function globalNorm(gradient: Float32Array): number {
  let sum = 0;
  for (let i = 0; i < gradient.length; i++) sum += gradient[i] * gradient[i];
  return Math.sqrt(sum);
}

/** The factor that brings a gradient of length `norm` down to at most `limit`. */
export function clipFactor(norm: number, limit: number): number {
  return norm > limit ? limit / norm : 1;
}

/** average = decay average + (1 - decay) weights, in place. */
export function emaStep(average: Float32Array, weights: Float32Array, decay: number): void {
  const share = 1 - decay;
  for (let i = 0; i < weights.length; i++) average[i] += share * (weights[i] - average[i]);
}

/** How the learning rate goes on after its rise. */
export type RateSchedule = "cosine" | "linear" | "constant";

export interface LearningRate {
  readonly peak: number;
  /** Where it ends; default 0. Without a meaning for `constant`. */
  readonly floor?: number;
  readonly warmup: number;
  readonly steps: number;
  /** default "cosine" */
  readonly schedule?: RateSchedule;
}

/**
 * A linear rise over `warmup` steps to `peak`; then half a cosine (Loshchilov & Hutter 2017, arXiv 1608.03983) or a
 * straight line down to `floor` at `steps`, or the peak throughout.
 */
export function learningRateAt(
  step: number,
  { peak, floor = 0, warmup, steps, schedule = "cosine" }: LearningRate,
): number {
  if (step < warmup) return (peak * (step + 1)) / warmup;
  if (schedule === "constant") return peak;
  const progress = Math.min(1, (step - warmup) / Math.max(1, steps - warmup));
  const left = schedule === "linear" ? 1 - progress : 0.5 * (1 + Math.cos(Math.PI * progress));
  return floor + (peak - floor) * left;
}
