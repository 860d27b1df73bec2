export type { Box } from "./boxes.js";
export { coverageOfRuns } from "./coverage-of-runs.js";
export { generateMasks } from "./generate.js";
export type { Point } from "./grid.js";
export { createSamSessions, type SamSessions } from "./network.js";
export {
  DEFAULT_SAM_OPTIONS,
  type ResolvedSamOptions,
  resolveSamOptions,
  type SamOptions,
} from "./options.js";
export { areaOf, boxOf, pixelsOf, type Runs, runsOf, runsOfLabels } from "./runs.js";
export type { DecodedMasks, GenerateContext, Generated, SamMask, SamNetwork } from "./types.js";
