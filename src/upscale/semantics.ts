/**
 * What the whole image has and the tiles only cut from it: coverage (and with it W) and noise. Made once, so
 * that a pixel has the same of each in every tile that holds it.
 */
import { onArrays, type Pixelwise, type RateField, type Schedule } from "../diffusion/index.js";
import { bleedColour } from "../image/alpha.js";
import { type Raster, type Region, reflect } from "../image/raster.js";
import { largestCount } from "../semantics/coverage.js";
import {
  type Coverage,
  type CoverageSource,
  createCoverageSource,
  createNoise,
  createNoiseAsync,
  type FindContext,
  inVariant,
  type Noise,
  type SourceNetworks,
  semanticWeight,
} from "../semantics/index.js";
import type { DiffusionSettings, ResolvedSettings } from "./settings.js";

/** Given up by throwing; an AbortSignal is one. */
export type Stop = Pick<AbortSignal, "throwIfAborted">;

/**
 * What the search for coverage reports to, and the networks that it may ask; the worker has both of installed
 * models.
 */
interface CoverageContext extends FindContext, SourceNetworks {}

/**
 * Finds the coverage of a raster of bled colours, as the settings have it; empty for none.
 *
 * @param latent for variant `release`, where masks are sought: the latent as a picture of the raster's size;
 *   the raster itself where a model has no such latent. In variant `paper` Segment Anything looks at the
 *   bicubic enlargement (section 3.1), and the other sources at the raster.
 * @throws SamsrError when the context lacks the network that is asked for; what the context throws to give up
 */
export async function findCoverage(
  raster: Raster,
  { masks, variant, samOptions }: DiffusionSettings,
  context: CoverageContext = {},
  latent: Raster = raster,
): Promise<Coverage> {
  const options = { variant, samOptions, enlarged: variant === "paper", networks: context };
  const source =
    typeof masks === "object" ? inVariant(given(masks), variant) : createCoverageSource(masks, options);
  const { coverage } = await source.find(variant === "release" ? latent : raster, context);
  return coverage;
}

/** Pixels of the largest picture whose coverage is found in the caller's thread: it blocks that for 0.1 s. */
const MOST_AHEAD = 2 ** 15;

/**
 * Finds the coverage of a small picture while its upscaler is still being opened, as the walk would.
 * @returns undefined where the picture is large, or its coverage takes more than the picture
 */
export async function coverageAhead(
  raster: Raster,
  { diffusion, tiles }: ResolvedSettings,
): Promise<Coverage | undefined> {
  if (diffusion?.masks !== "regions" || diffusion.variant !== "paper" || tiles !== "together")
    return undefined;
  if (raster.width * raster.height > MOST_AHEAD) return undefined;
  return findCoverage(await bleedColour(raster), diffusion);
}

/** Returns the source of what a caller counted, whatever the picture. */
function given(coverage: Coverage): CoverageSource {
  return { find: async () => ({ coverage, masks: () => [] }) };
}

/** The noise and the pixel-wise process of one image, to be cut into tiles. */
export interface Semantics {
  /** The noise of x_T, of unit variance. */
  readonly noise: Noise;
  /** Returns the noise that ResShift's chain adds on leaving a timestep, [C, h, w]. */
  stepNoise(timestep: number, tile: Region): Float32Array;
  /** Returns sigma of x_T, kappa sqrt(eta_{T-1}) of the pixel-wise process (equation 10): [h, w]. */
  sigma(tile: Region): Float32Array;
  /**
   * Computes equation 9 on a tile, for a chain. The authors' code has the global process there, and W in x_T
   * of one step alone.
   */
  process(tile: Region): Pixelwise<RateField>;
}

/**
 * Makes noise and W of a whole image, to be cut with its tiles.
 * @param channels of a latent
 * @throws what `stop` throws
 */
export async function createSemantics(
  coverage: Coverage,
  { masks, seed, variant, etaScale: m, coefficients, noise: kind }: DiffusionSettings,
  { channels, schedule }: { channels: number; schedule: Schedule },
  stop: Stop,
): Promise<Semantics> {
  const { width, height } = coverage;
  const options = { seed, width, height, channels, variant };
  const follows = masks !== "none" && kind !== "gaussian";
  const noise = await createNoiseAsync({ ...options, ...(follows && { coverage }) }, stop);
  const fresh = new Map<number, Noise>();

  // W and all that follows from it has one value for each count, so a table of them is all that is kept.
  const weights = semanticWeight(ramp(largestCount(coverage.counts)));
  const process = { m, variant, coefficients };
  const sigmas = onArrays.priorLevel(schedule, onArrays.pixelwise(weights, process));
  return {
    noise,
    stepNoise(timestep, tile) {
      // Stream 0 is the noise of x_T.
      const made = fresh.get(timestep) ?? createNoise({ ...options, stream: timestep + 1 });
      fresh.set(timestep, made);
      return made.fill(tile.x, tile.y, tile.width, tile.height);
    },
    sigma: (tile) => lookUp(coverage, tile, sigmas),
    process: (tile) => onArrays.chainRates(lookUp(coverage, tile, weights), process),
  };
}

/** Returns a coverage of one row that has each count once: 0 to the largest. */
function ramp(largest: number): Coverage {
  return { width: largest + 1, height: 1, counts: Uint16Array.from({ length: largest + 1 }, (_, c) => c) };
}

/**
 * Returns the table's values, or the one number for all, at the counts of a tile, [h, w]; outside the image
 * those of reflected pixels.
 */
function lookUp({ width, height, counts }: Coverage, tile: Region, table: RateField): Float32Array {
  const out = new Float32Array(tile.width * tile.height);
  if (typeof table === "number") return out.fill(table);
  const columns = Int32Array.from({ length: tile.width }, (_, x) => reflect(tile.x + x, width));
  for (let y = 0, at = 0; y < tile.height; y++) {
    const row = reflect(tile.y + y, height) * width;
    for (let x = 0; x < tile.width; x++) out[at++] = table[counts[row + columns[x]]];
  }
  return out;
}
