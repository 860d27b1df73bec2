/**
 * The latent y of a whole image, for models whose encoder is dear: each tile is encoded once, before there
 * are masks, and cut from here when it is denoised. Where tiles overlap their latents are blended as their
 * pixels are later.
 */
import { cropPlanar, type Raster, type Region } from "../image/raster.js";
import { handOverWeights, type TilePlan } from "../image/tiles.js";
import { latentPicture } from "../semantics/index.js";

interface Latents {
  /** What has been encoded: the image, or as far as its tiles reach beyond it. */
  readonly width: number;
  readonly height: number;
  readonly channels: number;
  /** The latent, [C, height, width]. */
  readonly data: Float32Array;
  /** Returns y of a tile, [C, h, w]. */
  cut(tile: Region): Float32Array;
}

/**
 * Blends the latents of tiles into that of the whole image.
 * @param yOf gives y of the plan's i-th tile, [C, h, w]
 */
export function blendLatents(plan: TilePlan, channels: number, yOf: (i: number) => Float32Array): Latents {
  const { overlap, averaged } = plan;
  const width = Math.max(plan.width, plan.tileWidth);
  const height = Math.max(plan.height, plan.tileHeight);
  const data = new Float32Array(channels * width * height);
  const across = handOverWeights(plan.columns, overlap, 1, averaged);
  const down = handOverWeights(plan.rows, overlap, 1, averaged);
  for (const [i, tile] of plan.tiles.entries()) {
    const y = yOf(i);
    const [wx, wy] = [across[tile.column], down[tile.row]];
    for (let c = 0, from = 0; c < channels; c++) {
      for (let row = 0; row < tile.height; row++) {
        const to = (c * height + tile.y + row) * width + tile.x;
        for (let x = 0; x < tile.width; x++, from++) data[to + x] += wy[row] * wx[x] * y[from];
      }
    }
  }
  const shape = { width, height, channels };
  return { ...shape, data, cut: (tile) => cropPlanar(data, shape, tile) };
}

/**
 * Returns the latent of an image, without what its tiles reach beyond it, as the released code seeks masks in
 * it.
 */
export function pictureOf(latents: Latents, { width, height }: { width: number; height: number }): Raster {
  return latentPicture(cropPlanar(latents.data, latents, { x: 0, y: 0, width, height }), width, height);
}
