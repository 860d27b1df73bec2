import type { Equations } from "../equations.js";
import type { Schedule } from "../schedule.js";

/** A reverse process: how it walks from x_t to the next timestep that it visits. */
export interface Sampler {
  /**
   * Whether one step is enough for it, which a student was taught to take; else it visits all timesteps by
   * default.
   */
  readonly singleStep: boolean;
  /** Whether it follows masks: SAM-noise, and the rates of equation 9. */
  readonly semantic: boolean;
  /**
   * Returns the timesteps that a chain of so many calls visits, falling; left out, they are evenly spread
   * from T - 1 on, as `timesteps` has them. A chain starts at the first.
   */
  visits?(schedule: Schedule, count: number): number[];
  /** Steps from x_t to x at the next timestep that is visited, which is not the last: there x is x0Hat. */
  step<Rate, Image>(on: Equations<Rate, Image>, state: Step<Rate, Image>): Image;
}

/** What a step may look at. */
export interface Step<Rate, Image> {
  /** The state x_t. */
  readonly x: Image;
  /** The denoiser's prediction of x0 from x_t. */
  readonly x0Hat: Image;
  /** The enlarged image, or its latent. */
  readonly y: Image;
  /** The rate eta of the timestep that is left, and of the one that is gone to. */
  readonly eta: Rate | number;
  readonly etaNext: Rate | number;
  readonly kappa: Rate | number;
  /** Draws fresh noise of unit variance. */
  noise(): Image;
}
