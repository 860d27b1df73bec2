export type { Algebra } from "./algebra.js";
export type { RateField } from "./arrays.js";
export {
  type ChainOptions,
  chain,
  type Denoiser,
  type Question,
  type SampleOptions,
  sample,
} from "./chain.js";
export {
  type Equations,
  equationsOver,
  inputScale,
  onArrays,
  onGraphs,
  type Pixelwise,
} from "./equations.js";
export { NOISE_KINDS, type NoiseKind } from "./noise-kinds.js";
export {
  COEFFICIENTS,
  type Coefficients,
  type PixelwiseOptions,
  VARIANTS,
  type Variant,
} from "./pixelwise-options.js";
export {
  DDIM,
  type DdimOptions,
  ddimChain,
  ddimTimesteps,
  type NoiseSchedule,
  signalShares,
} from "./samplers/ddim.js";
export { METHODS, type Method, SAMPLERS, type Sampler, type Step } from "./samplers/index.js";
export { exponentialSchedule, type Schedule, type ScheduleOptions, timesteps } from "./schedule.js";
