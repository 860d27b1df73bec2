/**
 * The reverse processes: from noise to the sharp image.
 *
 * All three chains share one denoiser, which looks at x_t and predicts x0. They differ in how they walk from x_t to
 * the next timestep:
 *
 * - ResShift draws from the posterior q(x_{t-1} | x_t, x0, y): stochastic, the way the teacher was trained;
 * - SinSR keeps the noise that x_t already holds and only rescales it (the idea of DDIM): deterministic, so that
 *   noise and result belong together and a student can learn to jump from one to the other;
 * - SAMSR does the same with an eta for every pixel.
 *
 * A step may skip timesteps: both formulas hold between any two rates eta > etaNext, so "the previous timestep" below
 * is the next one that the chain visits.
 */
import { type Field, mapFields, weightedSum } from "./field.js";
import { type Pixelwise, pixelwise } from "./pixelwise.js";
import { inputScale, prior } from "./process.js";
import { type Schedule, timesteps } from "./schedule.js";

/**
 * Predicts x0.
 *
 * @param x x_t times {@link inputScale}; it belongs to the callee
 * @param timestep 0..T-1
 * @returns x0, the shape of x
 */
export type Denoiser = (x: Float32Array, timestep: number) => Promise<Float32Array> | Float32Array;

/** One step of ResShift: mean (etaNext / eta) x_t + (1 - etaNext / eta) x0, variance kappa^2 (etaNext / eta)(eta - etaNext). */
export function stochasticStep(step: {
  x: Float32Array;
  prediction: Float32Array;
  /** Fresh, of unit variance; not read when etaNext is 0. */
  noise?: Float32Array;
  eta: Field;
  etaNext: Field;
  kappa: Field;
}): Float32Array {
  const { x, prediction, noise, eta, etaNext, kappa } = step;
  const terms = [
    { weight: mapFields((e, next) => next / e, eta, etaNext), values: x },
    { weight: mapFields((e, next) => (e - next) / e, eta, etaNext), values: prediction },
  ];
  if (noise) {
    const deviation = mapFields((e, next, k) => k * Math.sqrt((next / e) * (e - next)), eta, etaNext, kappa);
    terms.push({ weight: deviation, values: noise });
  }
  return weightedSum(...terms);
}

/** Weights of the deterministic step; they add up to 1. */
export interface Coefficients {
  /** of the predicted x0 */
  k: Field;
  /** of x_t */
  m: Field;
  /** of y */
  j: Field;
}

/** Equation 12: k, m and j from the rates before and after the step. Kappa cancels out. */
export function coefficients(eta: Field, etaNext: Field): Coefficients {
  return {
    k: mapFields((e, next) => 1 - next + Math.sqrt(next * e) - Math.sqrt(next / e), eta, etaNext),
    m: mapFields((e, next) => Math.sqrt(next / e), eta, etaNext),
    j: mapFields((e, next) => next - Math.sqrt(next * e), eta, etaNext),
  };
}

/**
 * The deterministic step of SinSR (equation 2, with global rates) and of SAMSR (equation 11, with maps):
 * k x0 + m x_t + j y. It is the forward process at etaNext, with the noise that x_t holds if x0 is right.
 */
export function deterministicStep(step: {
  x: Float32Array;
  prediction: Float32Array;
  y: Float32Array;
  eta: Field;
  etaNext: Field;
}): Float32Array {
  const { k, m, j } = coefficients(step.eta, step.etaNext);
  return weightedSum(
    { weight: k, values: step.prediction },
    { weight: m, values: step.x },
    { weight: j, values: step.y },
  );
}

/** What every chain needs. */
export interface ChainOptions {
  schedule: Schedule;
  denoiser: Denoiser;
  /** The upscaled image, or its latent. */
  y: Float32Array;
  /** The noise of x_T, of unit variance; the shape of y. */
  noise: Float32Array;
  /** Number of denoiser calls, 1..T; default T. */
  steps?: number;
  /** Looks inside: called after each step with the prediction and the new x (`x_{t-1}`). */
  onStep?: (state: { timestep: number; prediction: Float32Array; x: Float32Array }) => void;
  /** Checked before each call of the denoiser. */
  signal?: Pick<AbortSignal, "throwIfAborted">;
}

/**
 * ResShift's chain.
 *
 * @param options.stepNoise fresh noise for the step that leaves `timestep`; not asked for on the last step
 * @returns x0
 */
export function resshiftChain(
  options: ChainOptions & { stepNoise: (timestep: number) => Float32Array },
): Promise<Float32Array> {
  const { kappa } = options.schedule;
  return walk(options, pixelwise(0), ({ x, prediction, eta, etaNext, timestep }) =>
    stochasticStep({
      x,
      prediction,
      noise: etaNext === 0 ? undefined : options.stepNoise(timestep),
      eta,
      etaNext,
      kappa,
    }),
  );
}

/** SinSR's chain: deterministic, one eta for the whole image. With `steps: 1` it is SinSR's single step. */
export function sinsrChain(options: ChainOptions): Promise<Float32Array> {
  return samsrChain({ ...options, pixelwise: pixelwise(0) });
}

/**
 * SAMSR's chain: deterministic, eta and kappa for each pixel (lines 7 to 15 of algorithm 1). With `steps: 1` it is
 * SAMSR's single step. The authors' code rolls its teacher out with {@link sinsrChain} on semantic noise instead.
 */
export function samsrChain(options: ChainOptions & { pixelwise: Pixelwise }): Promise<Float32Array> {
  const { y } = options;
  return walk(options, options.pixelwise, ({ x, prediction, eta, etaNext }) =>
    deterministicStep({ x, prediction, y, eta, etaNext }),
  );
}

/** The walk that all chains share: start at the prior, then predict and step down the timesteps. */
async function walk(
  { schedule, denoiser, y, noise, steps, onStep, signal }: ChainOptions,
  local: Pixelwise,
  step: (state: {
    x: Float32Array;
    prediction: Float32Array;
    eta: Field;
    etaNext: Field;
    timestep: number;
  }) => Float32Array,
): Promise<Float32Array> {
  const visited = timesteps(schedule, steps);
  let x = prior({ y, noise, eta: local.eta(schedule.eta[visited[0]]), kappa: local.kappa(schedule.kappa) });
  for (let i = 0; i < visited.length; i++) {
    signal?.throwIfAborted();
    const timestep = visited[i];
    const scale = inputScale(schedule.eta[timestep], schedule.kappa);
    const prediction = await denoiser(
      x.map((value) => value * scale),
      timestep,
    );
    const last = i === visited.length - 1;
    x = last
      ? prediction // etaNext is 0 there: every step is then the prediction itself
      : step({
          x,
          prediction,
          eta: local.eta(schedule.eta[timestep]),
          etaNext: local.eta(schedule.eta[visited[i + 1]]),
          timestep,
        });
    onStep?.({ timestep, prediction, x });
  }
  return x;
}
