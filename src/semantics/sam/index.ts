export { generateMasks } from "./generate.js";
export type { Point } from "./grid.js";
export { createSamSessions, type SamSessions } from "./network.js";
export {
  DEFAULT_SAM_OPTIONS,
  type ResolvedSamOptions,
  resolveSamOptions,
  SAM_RANGES,
  type SamOptions,
} from "./options.js";
export type { DecodedMasks, FindContext, Generated, SamMask, SamNetwork } from "./types.js";
