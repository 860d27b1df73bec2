import { timesteps } from "../schedule.js";
import type { Sampler } from "./sampler.js";

/**
 * ResShift draws from the posterior q(x_{t-1} | x_t, x0, y), of mean (etaNext / eta) x_t + (1 - etaNext /
 * eta) x0 and variance kappa^2 (etaNext / eta)(eta - etaNext): stochastic, the way the teacher was trained.
 */
export const resshift: Sampler = {
  singleStep: false,
  semantic: false,
  /**
   * Returns floor(i T / count) for i from count - 1 to 0, as its published code has them: 4 of 15 steps are
   * 11, 7, 3 and 0, and the chain starts with the noise of timestep 11. One step would be timestep 0, where
   * nothing is left to be done; it is T - 1 here, as SinSR measures it.
   */
  visits(schedule, count) {
    const evenly = timesteps(schedule, count);
    if (count === 1) return evenly;
    return evenly.map((_, i) => Math.floor(((count - 1 - i) * schedule.steps) / count));
  },
  step({ algebra: { div, mul, sqrt, sub, weightedSum } }, { x, x0Hat, eta, etaNext, kappa, noise }) {
    const kept = div(etaNext, eta);
    const shifted = sub(eta, etaNext);
    const deviation = mul(kappa, sqrt(mul(kept, shifted)));
    return weightedSum([kept, x], [div(shifted, eta), x0Hat], [deviation, noise()]);
  },
};
