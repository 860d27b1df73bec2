/**
 * The chain as pictures: what the denoiser is shown at each timestep, and what it predicts from that (figures
 * 1 and 2 of the paper).
 */
import { createRaster, type Raster } from "../image/raster.js";
import { createMosaic, intoRaster, type Tile, type TilePlan } from "../image/tiles.js";

/** A moment of the chain. */
export interface TracedStep {
  /** The timestep, 0..T-1. */
  readonly timestep: number;
  /** The state x_t times its input scale, as the denoiser sees it. */
  readonly x: Raster;
  /** The prediction of x0 there; left out for a single step that gives no latent, whose x0 is the result. */
  readonly x0?: Raster;
}

/** A moment of the chain in one tile, as latents [C, h, w]. */
export interface TileMoment {
  readonly timestep: number;
  readonly x: Float32Array;
  readonly x0?: Float32Array;
}

/** Collects the moments of all tiles. */
interface Trace {
  /** Takes a moment of the plan's i-th tile. Arrays are copied. */
  add(i: number, moment: TileMoment): void;
  /**
   * Returns the whole pictures, in the order of the chain.
   * @param show gives the large pixels [3, s h, s w] of a tile's latent; the next call may overwrite them
   */
  pictures(show: (latent: Float32Array, tile: Tile) => Promise<Float32Array>): Promise<TracedStep[]>;
}

/**
 * Creates what puts the moments of all tiles together to whole pictures.
 * @param scale s, of the large pixels
 */
export function createTrace(plan: TilePlan, scale: number): Trace {
  const moments = new Map<number, Map<number, TileMoment>>();

  async function whole(
    latents: readonly Float32Array[],
    show: (x: Float32Array, tile: Tile) => Promise<Float32Array>,
  ) {
    const raster = createRaster(scale * plan.width, scale * plan.height, 3);
    const mosaic = createMosaic(plan, { channels: 3, scale, onRows: intoRaster(raster) });
    for (const [i, latent] of latents.entries()) await mosaic.add(await show(latent, plan.tiles[i]));
    return raster;
  }

  return {
    add(i, { timestep, x, x0 }) {
      const tiles = moments.get(timestep) ?? new Map<number, TileMoment>();
      moments.set(timestep, tiles);
      tiles.set(i, { timestep, x: x.slice(), x0: x0?.slice() });
    },
    async pictures(show) {
      const steps: TracedStep[] = [];
      for (const [timestep, tiles] of [...moments].sort(([a], [b]) => b - a)) {
        const all = plan.tiles.map((_, i) => tiles.get(i)!);
        const x = await whole(
          all.map((moment) => moment.x),
          show,
        );
        const predicted = all.flatMap((moment) => moment.x0 ?? []);
        const x0 = predicted.length === all.length ? await whole(predicted, show) : undefined;
        steps.push({ timestep, x, ...(x0 && { x0 }) });
      }
      return steps;
    },
  };
}
