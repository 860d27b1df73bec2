/**
 * Sources of coverage by name. What reads files (files.ts) is not here: it needs Node, and this folder's
 * index also runs in a browser.
 */
import type { Variant } from "../../diffusion/index.js";
import type { SourceName } from "./names.js";
import { networkSource, type PredictCoverage } from "./network.js";
import { noSource } from "./none.js";
import { regionsSource } from "./regions.js";
import { type FindMasks, type SamSourceOptions, samSource } from "./sam.js";
import { type CoverageSource, inVariant } from "./source.js";

export { latentPicture } from "./latent-picture.js";
export { isSourceName, SOURCE_NAMES, type SourceName } from "./names.js";
export type { PredictCoverage } from "./network.js";
export type { FindMasks, SamSourceOptions } from "./sam.js";
export {
  type CoverageSource,
  type FoundCoverage,
  type FoundMask,
  inVariant,
  type PlanarPicture,
  planarPicture,
  rasterOf,
  type SourcePicture,
} from "./source.js";

/** The networks that sources ask; a source whose network is missing fails when it is used. */
export interface SourceNetworks {
  /** Segment Anything. */
  readonly findMasks?: FindMasks;
  /** The coverage network. */
  readonly predictCoverage?: PredictCoverage;
}

export interface CoverageSourceOptions extends Partial<SamSourceOptions> {
  /** Whose equations; default "paper". */
  readonly variant?: Variant;
  readonly networks?: SourceNetworks;
}

/**
 * Creates the source of a name, in a variant.
 * @param options.enlarged of `sam`; default: true, as the paper has it
 */
export function createCoverageSource(name: SourceName, options: CoverageSourceOptions = {}): CoverageSource {
  const { variant = "paper", networks = {}, samOptions, enlarged = true } = options;
  switch (name) {
    case "regions":
      return inVariant(regionsSource, variant);
    case "network":
      return inVariant(networkSource(networks.predictCoverage), variant);
    case "sam":
      return inVariant(samSource(networks.findMasks, { samOptions, enlarged }), variant);
    case "none":
      return noSource;
  }
}
