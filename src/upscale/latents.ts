/**
 * y of a whole image, for models whose encoder is dear: each tile is encoded once, before there are masks,
 * and cut from here when it is denoised. Where tiles overlap their latents are blended as their pixels are
 * later.
 */
import { createRaster, cropPlanar, type Raster, type Region } from "../image/raster.js";
import { handOverWeights, type TilePlan } from "../image/tiles.js";

export interface Latents {
  /** What has been encoded: the image, or as far as its tiles reach beyond it. */
  readonly width: number;
  readonly height: number;
  readonly channels: number;
  /** [C, height, width] */
  readonly data: Float32Array;
  /** y of a tile, [C, h, w]. */
  cut(tile: Region): Float32Array;
}

/** @param yOf gives y of the plan's i-th tile, [C, h, w] */
export function blendLatents(plan: TilePlan, channels: number, yOf: (i: number) => Float32Array): Latents {
  const { tileWidth, tileHeight, overlap } = plan;
  const width = Math.max(plan.width, tileWidth);
  const height = Math.max(plan.height, tileHeight);
  const data = new Float32Array(channels * width * height);
  const across = handOverWeights(plan.columns, tileWidth, overlap, 1);
  const down = handOverWeights(plan.rows, tileHeight, overlap, 1);
  for (const [i, tile] of plan.tiles.entries()) {
    const y = yOf(i);
    const [wx, wy] = [across[tile.column], down[tile.row]];
    for (let c = 0, from = 0; c < channels; c++) {
      for (let row = 0; row < tileHeight; row++) {
        const to = (c * height + tile.y + row) * width + tile.x;
        for (let x = 0; x < tileWidth; x++, from++) data[to + x] += wy[row] * wx[x] * y[from];
      }
    }
  }
  const shape = { width, height, channels };
  return { ...shape, data, cut: (tile) => cropPlanar(data, shape, tile) };
}

/**
 * The latent of an image as a picture of its size, in which the released code looks for masks: scaled from
 * the least to the greatest of its values, fractions dropped, and the channels in the order blue, green, red.
 */
export function latentPicture(latents: Latents, image: { width: number; height: number }): Raster {
  const { width, height } = image;
  const inside = cropPlanar(latents.data, latents, { x: 0, y: 0, width, height });
  let [least, greatest] = [Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY];
  for (const value of inside) {
    least = Math.min(least, value);
    greatest = Math.max(greatest, value);
  }
  const scale = greatest > least ? 255 / (greatest - least) : 0;
  const plane = width * height;
  const picture = createRaster(width, height, 3);
  for (let c = 0; c < 3; c++) {
    for (let p = 0; p < plane; p++) picture.data[3 * p + 2 - c] = (inside[c * plane + p] - least) * scale;
  }
  return picture;
}
