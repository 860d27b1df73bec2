/**
 * What the whole image has and the tiles only cut from it: coverage (and with it W) and noise. Made once, so that a pixel
 * has the same of each in every tile that holds it.
 */
import { SamsrError } from "../base/errors.js";
import { type Field, onArrays, type Pixelwise, type Schedule } from "../diffusion/index.js";
import { fromTensor, type Raster, type Region, reflect, toRgb, toTensor } from "../image/raster.js";
import { bicubicX4 } from "../image/resize.js";
import { maximum } from "../semantics/coverage.js";
import {
  type Coverage,
  coverBackground,
  createNoise,
  createNoiseAsync,
  emptyCoverage,
  type Noise,
  segmentRegions,
  semanticWeight,
} from "../semantics/index.js";
import {
  coverageOfRuns,
  type GenerateContext,
  type Generated,
  type SamOptions,
} from "../semantics/sam/index.js";
import type { DiffusionSettings } from "./settings.js";

/** Given up by throwing; an AbortSignal is one. */
export type Stop = Pick<AbortSignal, "throwIfAborted">;

/** Finds masks by Segment Anything; the worker has one, made of an installed model. */
export type FindMasks = (
  picture: Raster,
  options: SamOptions,
  context: GenerateContext,
) => Promise<Pick<Generated, "masks">>;

/** Predicts coverage by a network; the worker has one, made of an installed model. */
export type PredictCoverage = (picture: Raster) => Promise<Coverage>;

export interface CoverageContext extends GenerateContext {
  findMasks?: FindMasks;
  predictCoverage?: PredictCoverage;
}

/**
 * The coverage of a raster of bled colours, as the settings have it; empty for none.
 *
 * @param lookedAt for variant `release`, where masks are sought: the latent as a picture of the raster's size; the raster
 *   itself where a model has no such latent. In variant `paper` Segment Anything looks at the bicubic enlargement
 *   (section 3.1), and regions are found on the raster.
 */
export async function findCoverage(
  raster: Raster,
  { masks, variant, samOptions }: DiffusionSettings,
  context: CoverageContext = {},
  lookedAt: Raster = raster,
): Promise<Coverage> {
  const { width, height } = raster;
  if (masks === "none") return emptyCoverage(width, height);
  if (masks === "regions") {
    const picture = variant === "release" ? lookedAt : raster;
    const { coverage } = segmentRegions({ width, height, data: toRgb(picture).data as Uint8Array });
    return variant === "release" ? coverBackground(coverage) : coverage;
  }
  if (masks === "network") {
    if (!context.predictCoverage) throw new SamsrError("masks network: there is no coverage network here");
    const coverage = await context.predictCoverage(variant === "release" ? lookedAt : raster);
    return variant === "release" ? coverBackground(coverage) : coverage;
  }
  if (masks !== "sam") return masks;
  if (!context.findMasks) throw new SamsrError("masks sam: there is no Segment Anything here");
  const picture = variant === "release" ? toRgb(lookedAt) : enlargedPicture(raster);
  const found = await context.findMasks(picture, samOptions, context);
  return coverageOfRuns(
    found.masks.map(({ runs }) => runs),
    raster,
    variant,
  );
}

/** The bicubic enlargement by 4 as 8-bit RGB. */
export function enlargedPicture(raster: Raster): Raster {
  const { width, height } = raster;
  const large = bicubicX4(toTensor(raster), 3, width, height);
  return fromTensor(large, { width: 4 * width, height: 4 * height, channels: 3 });
}

/** The noise and the pixel-wise process of one image, to be cut into tiles. */
export interface Semantics {
  /** The noise of x_T, of unit variance. */
  noise: Noise;
  /** The noise that ResShift's chain adds on leaving a timestep, [C, h, w]. */
  stepNoise(timestep: number, tile: Region): Float32Array;
  /** sigma of x_T, kappa sqrt(eta_{T-1}) of the pixel-wise process (equation 10): [h, w]. */
  sigma(tile: Region): Float32Array;
  /** Equation 9 on a tile, for a chain. The authors' code has the global process there, and W in x_T of one step alone. */
  process(tile: Region): Pixelwise<Field>;
}

/**
 * @param channels of a latent
 * @throws what `stop` throws
 */
export async function createSemantics(
  coverage: Coverage,
  { masks, seed, variant, etaScale: m, coefficients: modify }: DiffusionSettings,
  { channels, schedule }: { channels: number; schedule: Schedule },
  stop: Stop,
): Promise<Semantics> {
  const { width, height } = coverage;
  const options = { seed, width, height, channels, variant };
  const noise = await createNoiseAsync({ ...options, ...(masks !== "none" && { coverage }) }, stop);
  const fresh = new Map<number, Noise>();

  // W and all that follows from it has one value for each count, so a table of them is all that is kept.
  const weights = semanticWeight(ramp(maximum(coverage.counts)));
  const process = { m, variant, modify };
  const sigmas = onArrays.priorLevel(schedule, onArrays.pixelwise(weights, process));
  return {
    noise,
    stepNoise(timestep, tile) {
      // Stream 0 is the noise of x_T.
      const made = fresh.get(timestep) ?? createNoise({ ...options, stream: timestep + 1, keep: false });
      fresh.set(timestep, made);
      return made.fill(tile.x, tile.y, tile.width, tile.height);
    },
    sigma: (tile) => lookUp(coverage, tile, sigmas),
    process: (tile) => onArrays.chainRates(lookUp(coverage, tile, weights), process),
  };
}

/** A coverage of one row that has each count once: 0 to the largest. */
function ramp(largest: number): Coverage {
  return { width: largest + 1, height: 1, counts: Uint16Array.from({ length: largest + 1 }, (_, c) => c) };
}

/** The table's values, or the one number for all, at the counts of a tile, [h, w]; outside the image those of reflected pixels. */
function lookUp({ width, height, counts }: Coverage, tile: Region, table: Field): Float32Array {
  const out = new Float32Array(tile.width * tile.height);
  if (typeof table === "number") return out.fill(table);
  const columns = Int32Array.from({ length: tile.width }, (_, x) => reflect(tile.x + x, width));
  for (let y = 0, at = 0; y < tile.height; y++) {
    const row = reflect(tile.y + y, height) * width;
    for (let x = 0; x < tile.width; x++) out[at++] = table[counts[row + columns[x]]];
  }
  return out;
}
