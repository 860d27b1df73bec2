/** How the learning rate goes on after its rise. */
export type RateSchedule = "cosine" | "linear" | "constant";

interface LearningRate {
  readonly peak: number;
  /** The rate at the end; default 0. A `constant` schedule has no use for it. */
  readonly floor?: number;
  readonly warmup: number;
  readonly steps: number;
  /** How the rate falls; default "cosine". */
  readonly schedule?: RateSchedule;
}

/**
 * Computes the rate of a step: a linear rise over `warmup` steps to `peak`; then half a cosine (Loshchilov &
 * Hutter 2017, arXiv 1608.03983) or a straight line down to `floor` at `steps`, or the peak throughout.
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
