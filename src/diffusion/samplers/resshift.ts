import type { Sampler } from "./sampler.js";

/**
 * ResShift draws from the posterior q(x_{t-1} | x_t, x0, y), of mean (etaNext / eta) x_t + (1 - etaNext /
 * eta) x0 and variance kappa^2 (etaNext / eta)(eta - etaNext): stochastic, the way the teacher was trained.
 */
export const resshift: Sampler = {
  singleStep: false,
  semantic: false,
  step({ algebra: { div, mul, sqrt, sub, weightedSum } }, { x, x0Hat, eta, etaNext, kappa, noise }) {
    const kept = div(etaNext, eta);
    const shifted = sub(eta, etaNext);
    const deviation = mul(kappa, sqrt(mul(kept, shifted)));
    return weightedSum([kept, x], [div(shifted, eta), x0Hat], [deviation, noise()]);
  },
};
