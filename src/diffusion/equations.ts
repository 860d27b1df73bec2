/**
 * The paper's equations 1, 2 and 8 to 12, each once, in the paper's order. x0 is the sharp image, y the
 * enlarged low-resolution one; both may be latents. Equations 3 to 7, from an image to masks and SAM-noise,
 * are in semantics/.
 */
import { SamsrError } from "../base/errors.js";
import type { Algebra } from "./algebra.js";
import { arrayAlgebra } from "./arrays.js";
import { graphAlgebra } from "./graphs.js";
import type { PixelwiseOptions } from "./pixelwise-options.js";
import type { Schedule } from "./schedule.js";

/** Equation 9 of one image: it turns the global eta and kappa into those of each pixel. */
export interface Pixelwise<Rate> {
  eta(eta: Rate | number): Rate | number;
  kappa(kappa: number): Rate | number;
}

/** The equations over one algebra; {@link onArrays} and {@link onGraphs} are the two that there are. */
export type Equations<Rate, Image> = ReturnType<typeof equationsOver<Rate, Image>>;

/** The equations on arrays, as {@link equationsOver} describes them: chains of an upscale. */
export const onArrays = equationsOver(arrayAlgebra);

/** The equations on graph values, as {@link equationsOver} describes them: training, and the single step. */
export const onGraphs = equationsOver(graphAlgebra);

/** Returns the equations over an algebra: functions of rates and images to rates and images. */
export function equationsOver<Rate, Image>(algebra: Algebra<Rate, Image>) {
  type Rates = Rate | number;
  const { add, sub, mul, div, max, sqrt, weightedSum } = algebra;

  /** Returns the deviation of the noise in x_t: kappa sqrt(eta). */
  function noiseLevel(eta: Rates, kappa: Rates): Rates {
    return mul(kappa, sqrt(eta));
  }

  /**
   * Computes equation 1, a sample of q(x_t | x0, y) = N(x0 + eta (y - x0), kappa^2 eta I). With eta and kappa
   * of equation 9 it is the pixel-wise forward process.
   * @param state.noise of unit variance
   */
  function forward(state: { x0: Image; y: Image; noise: Image; eta: Rates; kappa: Rates }): Image {
    const { x0, y, noise, eta, kappa } = state;
    return weightedSum([sub(1, eta), x0], [eta, y], [noiseLevel(eta, kappa), noise]);
  }

  /**
   * Computes equation 8: W, the number of masks that cover a pixel over the largest such number. Where no
   * mask covers anything the paper would divide by 0, and W is 0, so that the process is SinSR's.
   */
  function semanticWeight(count: Rates, largest: Rates): Rate {
    return div(count, max(largest, 1));
  }

  /**
   * Computes equation 9: eta (1 + m W) and kappa (1 - m W). In `release` the factor is that of sqrt(eta), so
   * eta (1 + m W)^2.
   *
   * Where many masks overlap, W is 1: the residual is shifted in faster and with less noise, so structure
   * there stays closer to y. Where nothing is covered, W is 0 and the process is SinSR's. At the last
   * timesteps the new eta exceeds 1 (up to 1.18 for `paper`, 1.41 for `release`, with the defaults). That is
   * kept, as both sources do: the mean of equation 1 then overshoots y by eta - 1 of the residual. Equation
   * 12 takes roots of eta only and never of 1 - eta, and kappa sqrt(eta) still falls with W: (1 - m W) sqrt(1
   * + m W) and (1 - m W)(1 + m W) are both at most 1.
   *
   * @param weight W in [0, 1]; 0 gives back the global process
   * @throws SamsrError when m is not in [0, 1)
   */
  function pixelwise(weight: Rates, options: PixelwiseOptions = {}): Pixelwise<Rate> {
    const { m = 1 / 5, variant = "paper", coefficients: follow = "both" } = options;
    if (!(m >= 0 && m < 1)) throw new SamsrError(`m of the pixel-wise process must be in [0, 1); got ${m}`);
    if (m === 0) return { eta: (eta) => eta, kappa: (kappa) => kappa };
    const growth = add(1, mul(m, weight));
    const factor = variant === "release" ? mul(growth, growth) : growth;
    return {
      eta: (eta) => (follow === "kappa" ? eta : mul(eta, factor)),
      kappa: (kappa) => (follow === "eta" ? kappa : mul(kappa, sub(1, mul(m, weight)))),
    };
  }

  /**
   * Computes {@link pixelwise} as chains of more than one step have it, of the teacher's roll-out and of an
   * upscale. In `release` they keep the global rates throughout, with masks in their noise alone: only x_T of
   * the single step follows W there.
   */
  function chainRates(weight: Rates, options: PixelwiseOptions = {}): Pixelwise<Rate> {
    return pixelwise(options.variant === "release" ? 0 : weight, options);
  }

  /**
   * Returns the deviation of the noise in x_T, kappa_new sqrt(eta_new) of the last timestep, or of another
   * where a chain starts.
   */
  function priorLevel({ eta, kappa, steps }: Schedule, rates: Pixelwise<Rate>, timestep = steps - 1): Rates {
    return noiseLevel(rates.eta(eta[timestep]), rates.kappa(kappa));
  }

  /**
   * Computes equation 10, where every chain starts: x_T = y + kappa sqrt(eta) noise. It is equation 1 with
   * its mean taken to be y, since x0 is not known yet.
   * @param state.level of {@link priorLevel}
   */
  function prior({ y, noise, level }: { y: Image; noise: Image; level: Rates }): Image {
    return weightedSum([1, y], [level, noise]);
  }

  /**
   * Computes equation 12: k, m and j from the rates before and after a step. They add up to 1, and kappa
   * cancels out. They hold between any two rates, so a chain may leave timesteps out.
   */
  function coefficients(eta: Rates, etaNext: Rates): { k: Rate; m: Rate; j: Rate } {
    const root = sqrt(mul(etaNext, eta));
    const m = sqrt(div(etaNext, eta));
    return { k: sub(add(sub(1, etaNext), root), m), m, j: sub(etaNext, root) };
  }

  /**
   * Computes equation 2 with global rates, equation 11 with those of each pixel: k x0 + m x_t + j y. It is
   * equation 1 at etaNext, with the noise that x_t holds if x0Hat is right.
   */
  function deterministicStep(state: { x: Image; x0Hat: Image; y: Image; eta: Rates; etaNext: Rates }): Image {
    const { k, m, j } = coefficients(state.eta, state.etaNext);
    return weightedSum([k, state.x0Hat], [m, state.x], [j, state.y]);
  }

  return {
    ...{ algebra, noiseLevel, forward, semanticWeight, pixelwise, chainRates, priorLevel, prior },
    ...{ coefficients, deterministicStep },
  };
}

/**
 * Returns what x_t is multiplied by before the denoiser sees it: 1 / sqrt(eta kappa^2 + 1), so that its
 * variance stays about 1 for images of unit variance. SAMSR keeps the global eta and kappa here: the denoiser
 * was taught with them.
 */
export function inputScale(eta: number, kappa: number): number {
  return 1 / Math.sqrt(eta * kappa * kappa + 1);
}
