/**
 * The walk from x_T to x0, lines 9 to 15 of the paper's algorithm 1, for any sampler, on arrays and in
 * graphs.
 */

import type { RateField } from "./arrays.js";
import { type Equations, inputScale, onArrays, type Pixelwise } from "./equations.js";
import type { Sampler } from "./samplers/index.js";
import { type Schedule, timesteps } from "./schedule.js";

/** What a chain is of. */
export interface ChainOptions<Rate, Image> {
  readonly sampler: Sampler;
  readonly schedule: Schedule;
  /** The image where the chain starts, x_T. */
  readonly xT: Image;
  /** The enlarged image, or its latent. */
  readonly y: Image;
  /** The rates eta and kappa of each pixel (equation 9), or the global ones. */
  readonly rates: Pixelwise<Rate>;
  /** Number of denoiser calls, 1..T; default T. */
  readonly steps?: number;
  /**
   * Draws the noise of unit variance of the step that leaves a timestep; samplers that draw none do without.
   */
  readonly stepNoise?: (timestep: number) => Image;
  /** Looks inside: called after each step with x0 as it was predicted, and the new x. */
  readonly onStep?: (state: { timestep: number; x0Hat: Image; x: Image }) => void;
}

/** What the denoiser is asked: x_t times its {@link inputScale}, and the timestep, 0..T-1. */
export interface Question<Image> {
  readonly x: Image;
  readonly timestep: number;
}

/**
 * Walks a chain: yields what the denoiser is to be asked, wants its prediction of x0 back, and returns x0.
 * Whoever drives it decides whether the answer is an array that takes time or a value in a graph.
 *
 * @throws SamsrError for a number of steps that the schedule does not have
 */
export function* chain<Rate, Image>(
  on: Equations<Rate, Image>,
  { sampler, schedule, xT, y, rates, steps, stepNoise, onStep }: ChainOptions<Rate, Image>,
): Generator<Question<Image>, Image, Image> {
  const visited = visitedBy(sampler, schedule, steps);
  let x = xT;
  for (const [i, timestep] of visited.entries()) {
    const scale = inputScale(schedule.eta[timestep], schedule.kappa);
    const x0Hat = yield { x: on.algebra.weightedSum([scale, x]), timestep };
    const next = visited[i + 1];
    // Beyond the last timestep eta is 0, where every step gives the prediction itself.
    x =
      next === undefined
        ? x0Hat
        : sampler.step(on, {
            ...{ x, x0Hat, y, kappa: rates.kappa(schedule.kappa) },
            ...{ eta: rates.eta(schedule.eta[timestep]), etaNext: rates.eta(schedule.eta[next]) },
            noise: () => stepNoise!(timestep),
          });
    onStep?.({ timestep, x0Hat, x });
  }
  return x;
}

/** Returns the timesteps that a chain visits, falling. @throws SamsrError as `chain` */
function visitedBy(sampler: Sampler, schedule: Schedule, steps = schedule.steps): number[] {
  return sampler.visits?.(schedule, steps) ?? timesteps(schedule, steps);
}

/**
 * Predicts x0.
 *
 * @param x x_t times {@link inputScale}; it belongs to the callee
 * @param timestep 0..T-1
 * @returns x0, the shape of x
 */
export type Denoiser = (x: Float32Array, timestep: number) => Promise<Float32Array> | Float32Array;

/** A chain on arrays, from the noise of x_T on. */
export interface SampleOptions extends Omit<ChainOptions<RateField, Float32Array>, "xT" | "rates"> {
  readonly denoiser: Denoiser;
  /** The noise of x_T, of unit variance; the shape of y. */
  readonly noise: Float32Array;
  /** The rates of the process, at each pixel or everywhere; default: the global ones. */
  readonly rates?: Pixelwise<RateField>;
  /** Checked before each call of the denoiser. */
  readonly signal?: Pick<AbortSignal, "throwIfAborted">;
}

/**
 * Draws x0 given y: x_T by equation 10, then the sampler's chain. With `steps: 1` it is the single step of
 * SinSR and SAMSR.
 *
 * @returns x0, the shape of y
 * @throws SamsrError for arrays that do not fit each other, or a number of steps that the schedule does not
 *   have
 */
export async function sample(options: SampleOptions): Promise<Float32Array> {
  const { denoiser, noise, y, schedule, sampler, steps, rates = onArrays.pixelwise(0), signal } = options;
  const [first] = visitedBy(sampler, schedule, steps);
  const xT = onArrays.prior({ y, noise, level: onArrays.priorLevel(schedule, rates, first) });
  const walk = chain(onArrays, { ...options, rates, xT });
  let asked = walk.next();
  while (!asked.done) {
    signal?.throwIfAborted();
    const { x, timestep } = asked.value;
    asked = walk.next(await denoiser(x, timestep));
  }
  return asked.value;
}
