import type { Sampler } from "./sampler.js";

/**
 * SinSR keeps the noise that x_t already holds and only rescales it (the idea of DDIM): deterministic, so
 * that noise and result belong together and a student can learn to jump from one to the other.
 */
export const sinsr: Sampler = {
  singleStep: true,
  semantic: false,
  step: ({ deterministicStep }, state) => deterministicStep(state),
};
