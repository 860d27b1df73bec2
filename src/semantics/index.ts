export {
  type Coverage,
  type CoveragePart,
  type CoverageSummary,
  coverageOf,
  coverBackground,
  emptyCoverage,
  semanticWeight,
  summarise,
  wholeFacts,
} from "./coverage.js";
export { coverageOfRuns } from "./coverage-of-runs.js";
export { literalNoise } from "./literal-noise.js";
export {
  type LabelMap,
  MASK_THRESHOLD,
  type MaskSet,
  masksFromLabels,
  poolByArea,
  poolLabels,
  prepareMasks,
} from "./masks.js";
export {
  createNoise,
  createNoiseAsync,
  type Noise,
  type NoiseOptions,
  scaleByCoverage,
} from "./noise.js";
export type { RgbImage } from "./planes.js";
export { type RegionOptions, type Regions, segmentRegions } from "./regions.js";
export { areaOf, type Box, boxOf, pixelsOf, type Runs, runsOf, runsOfLabels } from "./runs.js";
export * from "./sam/index.js";
export * from "./sources/index.js";
// mask-files.ts is not exported here: it reads files with sharp, and this folder also runs in a browser.
