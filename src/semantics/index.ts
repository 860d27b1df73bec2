export {
  type Coverage,
  type CoverageSummary,
  coverageOf,
  coverBackground,
  emptyCoverage,
  semanticWeight,
  summarise,
} from "./coverage.js";
export {
  averagePool,
  type LabelMap,
  MASK_THRESHOLD,
  type MaskSet,
  masksFromLabels,
  prepareMasks,
  withBackground,
} from "./masks.js";
export { createNoise, createNoiseAsync, literalNoise, type Noise, type NoiseOptions } from "./noise.js";
