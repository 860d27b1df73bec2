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
  poolLabels,
  prepareMasks,
  withBackground,
} from "./masks.js";
export { createNoise, createNoiseAsync, literalNoise, type Noise, type NoiseOptions } from "./noise.js";
export type { RgbImage } from "./planes.js";
export { type RegionOptions, type Regions, segmentRegions } from "./regions.js";
export * from "./sam/index.js";
// mask-files.ts is not exported here: it reads files with sharp, and this folder also runs in a browser.
