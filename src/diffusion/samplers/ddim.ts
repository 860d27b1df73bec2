/**
 * DDIM (Song, Meng, Ermon 2021, arXiv 2010.02502): the sampler of diffusions that end in plain noise and
 * whose network predicts that noise, as latent diffusion's does. It is beside the others, whose process ends
 * in the enlarged picture under noise, and has a schedule and a step of its own.
 */
import { SamsrError } from "../../base/errors.js";
import type { Algebra } from "../algebra.js";

/** The name that methods know it by. */
export const DDIM = "ddim" as const;

/** How the noise of such a diffusion grows: the square root of beta, linearly. */
export interface NoiseSchedule {
  readonly steps: number;
  /** The rates beta of the first and of the last step. */
  readonly first: number;
  readonly last: number;
}

/**
 * Returns the share of the picture's variance that is left after each step: the running product of 1 - beta,
 * rounded to single precision as checkpoints keep it.
 */
export function signalShares({ steps, first, last }: NoiseSchedule): Float32Array {
  const [low, high] = [Math.sqrt(first), Math.sqrt(last)];
  let product = 1;
  return Float32Array.from({ length: steps }, (_, t) => {
    product *= 1 - (low + ((high - low) * t) / (steps - 1)) ** 2;
    return product;
  });
}

/**
 * Returns the timesteps that a chain visits, from the noise down: 1, c + 1, 2 c + 1, ... with c the steps
 * over `count` rounded down, which may be one or a few more than `count` (of 1000 steps, 16 for 15 and 31 for
 * 30), as the public sampler has it.
 * @throws SamsrError for a count that is none, or whose last timestep the schedule does not have
 */
export function ddimTimesteps(steps: number, count: number): number[] {
  if (!Number.isInteger(count) || count < 1 || count > steps) {
    throw new SamsrError(`ddim takes a whole number of steps from 1 to ${steps}, not ${count}`);
  }
  const stride = Math.floor(steps / count);
  const times = Array.from({ length: Math.ceil(steps / stride) }, (_, i) => i * stride + 1).reverse();
  if (times[0] < steps) return times;
  throw new SamsrError(
    `ddim cannot take ${count} steps: it would need timestep ${times[0]} of ${steps - 1}; take ` +
      "another number",
  );
}

/** A chain of DDIM. */
export interface DdimOptions<Image> {
  /** The shares that {@link signalShares} gives. */
  readonly shares: Float32Array;
  /** The number of steps, as {@link ddimTimesteps} takes it. */
  readonly steps: number;
  /** How much of the noise is fresh in each step: 0 is deterministic, 1 as much as DDPM's. */
  readonly eta: number;
  /** The start of the chain: noise of unit variance. */
  readonly xT: Image;
  /** Draws the noise of unit variance of the step that leaves a timestep; not asked for eta 0. */
  readonly stepNoise?: (timestep: number) => Image;
  /** Looks inside: called after each step with x0 as it was predicted, and the new x. */
  readonly onStep?: (state: { timestep: number; x0Hat: Image; x: Image }) => void;
}

/**
 * Walks a chain: yields what the network is to be asked, wants the noise that it predicts back, and returns
 * the last x, which is not the last x0.
 * @throws SamsrError as `ddimTimesteps` does
 */
export function* ddimChain<Rate, Image>(
  { weightedSum }: Pick<Algebra<Rate, Image>, "weightedSum">,
  { shares, steps, eta, xT, stepNoise, onStep }: DdimOptions<Image>,
): Generator<{ readonly x: Image; readonly timestep: number }, Image, Image> {
  const visited = ddimTimesteps(shares.length, steps);
  let x = xT;
  for (const [i, timestep] of visited.entries()) {
    const eps = yield { x, timestep };
    const [share, next] = [shares[timestep], shares[visited[i + 1] ?? 0]];
    const x0Hat = weightedSum([1 / Math.sqrt(share), x], [-Math.sqrt((1 - share) / share), eps]);
    const fresh = eta * Math.sqrt(((1 - next) / (1 - share)) * (1 - share / next));
    x = weightedSum(
      [Math.sqrt(next), x0Hat],
      [Math.sqrt(1 - next - fresh ** 2), eps],
      ...(fresh > 0 ? [[fresh, stepNoise!(timestep)] as const] : []),
    );
    onStep?.({ timestep, x0Hat, x });
  }
  return x;
}
