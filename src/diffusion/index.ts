export { type Field, mapFields, type Term, weightedSum } from "./field.js";
export { type Pixelwise, type PixelwiseOptions, pixelwise, type Variant } from "./pixelwise.js";
export { type ForwardInput, forward, inputScale, noiseLevel, prior } from "./process.js";
export {
  type ChainOptions,
  type Coefficients,
  coefficients,
  type Denoiser,
  deterministicStep,
  resshiftChain,
  samsrChain,
  sinsrChain,
  stochasticStep,
} from "./samplers.js";
export { exponentialSchedule, type Schedule, type ScheduleOptions, timesteps } from "./schedule.js";
