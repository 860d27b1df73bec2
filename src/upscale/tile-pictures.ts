/** What goes through the network of a tile: its colour, and its alpha where there is a shape in it. */
import { alphaPlane, hasAlpha, meanPlane, type Raster, repeatPlane, toTensor } from "../image/raster.js";
import type { Tile } from "../image/tiles.js";
import { settleAlpha } from "./alpha.js";

/** One picture of a tile. */
export interface TilePicture {
  readonly tile: Tile;
  /** Returns the pixels of a tile, [3, h, w] in [-1, 1]. */
  lq(): Float32Array;
}

export interface TilePictures {
  readonly tile: Tile;
  readonly colour: TilePicture;
  readonly alpha?: TilePicture;
}

export function listPictures({ colour, alpha }: TilePictures): TilePicture[] {
  return alpha ? [colour, alpha] : [colour];
}

/** Cuts the pictures of a tile out of a raster of bled colours. */
export function picturesOf(raster: Raster, tile: Tile): TilePictures {
  const colour = { tile, lq: () => toTensor(raster, tile) };
  if (!hasAlpha(raster)) return { tile, colour };
  const plane = alphaPlane(raster, tile);
  // Where everything is opaque, or nothing is, there is no shape to enlarge.
  if (plane.every((value) => value === plane[0])) return { tile, colour };
  return { tile, colour, alpha: { tile, lq: () => repeatPlane(alphaPlane(raster, tile)) } };
}

/**
 * Returns all channels of a tile, [channels, s h, s w]: the colour as it is or grey again, and the alpha
 * behind it.
 * @param scale s
 * @param enlarge gives a picture's [3, s h, s w]; the next call may overwrite it
 */
export async function enlargePictures(
  raster: Raster,
  { tile, colour, alpha }: TilePictures,
  scale: number,
  enlarge: (picture: TilePicture) => Promise<Float32Array>,
): Promise<Float32Array> {
  const hr = await enlarge(colour);
  const colours = raster.channels < 3 ? meanPlane(hr) : hr;
  if (!hasAlpha(raster)) return colours;
  const planes = new Float32Array((raster.channels * hr.length) / 3);
  planes.set(colours);
  const large = planes.subarray(colours.length);
  const small = alphaPlane(raster, tile);
  if (!alpha) large.fill(small[0]);
  else {
    large.set(meanPlane(await enlarge(alpha)));
    settleAlpha(large, small, { width: tile.width, height: tile.height, scale });
  }
  return planes;
}
