/**
 * A large image is cut into overlapping tiles, each goes through the network alone, and the results are
 * laid together again. Two things make that invisible.
 *
 * Hand-over. From one tile to the next there is a stretch as wide as the overlap where the weight of the
 * first falls from 1 to 0 along a raised cosine and that of the second rises by exactly as much, so the
 * weights sum to 1 everywhere and need no normalising. The stretch ends where the first tile ends; the last
 * tile, which is moved back to end at the border, may overlap its neighbour by more, and its surplus has
 * weight 0. At a corner the weights are the products of those along x and y.
 *
 * The band. Tiles come row by row, so results are summed in a band as wide as the image and as tall as one
 * tile. When a row of tiles is complete, all lines that the next row does not touch are rounded and handed
 * out, and the rest moves to the top of the band.
 */
import { checkArgument, checkOptions, checkSize, checkWhole, isObject } from "../base/arguments.js";
import { SamsrError } from "../base/errors.js";
import { createYield } from "../base/event-loop.js";
import { checkRaster, type Raster, type Region, writeInterleaved } from "./raster.js";

/** Where a tile lies, in pixels of the low-resolution image, and its place in the grid. */
export interface Tile extends Region {
  readonly column: number;
  readonly row: number;
}

export interface TilePlan {
  /** The width of the image. */
  readonly width: number;
  readonly height: number;
  /** Every tile's size. It may exceed the image's: then the tile reads reflected pixels there. */
  readonly tileWidth: number;
  readonly tileHeight: number;
  readonly overlap: number;
  /** Whether overlaps are averaged, all that two tiles share; else one tile hands over to the next. */
  readonly averaged: boolean;
  /** The places where tiles begin along x and y. */
  readonly columns: readonly number[];
  readonly rows: readonly number[];
  /** The tiles, in row-major order. */
  readonly tiles: readonly Tile[];
}

/**
 * Covers an image with tiles of one size. Along an axis not longer than `tile` there is one tile, as long
 * as the image rounded up to a multiple. Along a longer one there are as few as `tile` allows, and these are
 * no longer than so many must be: an image a little over a tile is not enlarged nearly twice. They begin
 * every side less overlap pixels, the last moved back so that it ends at the border.
 *
 * @param options.tile the longest side of a tile in low-resolution pixels, a multiple of `multiple`
 * @param options.overlap at most half a tile
 * @param options.multiple what the network needs sides to divide by; 1 by default
 * @param options.size the one size of tile that a network takes, where it takes one only
 * @param options.published as ResShift, SinSR and SAMSR cut: along a longer axis each tile is as long as
 *   `tile`, and overlaps are averaged; default false
 * @throws SamsrError when the options contradict each other
 */
export function planTiles(
  width: number,
  height: number,
  options: {
    tile: number;
    overlap: number;
    multiple?: number;
    size?: { width: number; height: number };
    published?: boolean;
  },
): TilePlan {
  checkSize("planTiles", width, height);
  checkOptions("planTiles", options, PLAN_OPTIONS);
  const { tile, overlap, multiple = 1, size, published = false } = options;
  if (!Number.isInteger(tile) || tile < 1 || tile % multiple !== 0) {
    throw new SamsrError(`The tile must be a whole multiple of ${multiple} pixels, not ${tile}.`);
  }
  if (!Number.isInteger(overlap) || overlap < 0 || 2 * overlap > tile) {
    throw new SamsrError(`The overlap must be from 0 to half the tile (${tile / 2} pixels), not ${overlap}.`);
  }
  const along = (length: number, only?: number) =>
    placesAlong(length, only ?? tile, overlap, only ?? multiple, published);
  const [columns, tileWidth] = along(width, size?.width);
  const [rows, tileHeight] = along(height, size?.height);
  const tiles = rows.flatMap((y, row) =>
    columns.map((x, column) => ({ x, y, width: tileWidth, height: tileHeight, column, row })),
  );
  return { width, height, tileWidth, tileHeight, overlap, averaged: published, columns, rows, tiles };
}

const PLAN_OPTIONS = {
  tile: "number",
  overlap: "number",
  multiple: "number",
  size: "object",
  published: "boolean",
} as const;

function placesAlong(
  size: number,
  tile: number,
  overlap: number,
  multiple: number,
  whole: boolean,
): [number[], number] {
  const roundUp = (length: number) => Math.ceil(length / multiple) * multiple;
  if (size <= tile) return [[0], roundUp(size)];
  const count = Math.ceil((size - overlap) / (tile - overlap));
  const side = whole ? tile : roundUp(Math.max((size + (count - 1) * overlap) / count, 2 * overlap));
  const places: number[] = [];
  for (let place = 0; place + side < size; place += side - overlap) places.push(place);
  places.push(size - side);
  return [places, side];
}

/**
 * Returns the weight of each tile along one axis, in pixels enlarged by `scale`: one array of `tile * scale`
 * values a place, summing to 1 at every pixel of the image.
 * @param averaged whether all tiles at a pixel count the same there; default false
 */
export function handOverWeights(
  places: readonly number[],
  tile: number,
  overlap: number,
  scale: number,
  averaged = false,
): Float32Array[] {
  if (averaged) return averages(places, tile, scale);
  const weights = places.map(() => new Float32Array(tile * scale).fill(1));
  const length = overlap * scale;
  for (let i = 0; i + 1 < places.length; i++) {
    const end = tile * scale;
    // The hand-over as the next tile counts it, and all that it has before.
    const begin = (places[i]! + tile - overlap - places[i + 1]!) * scale;
    weights[i + 1]!.fill(0, 0, begin);
    for (let k = 0; k < length; k++) {
      const rising = Math.fround(0.5 - 0.5 * Math.cos((Math.PI * (k + 0.5)) / length));
      weights[i + 1]![begin + k] = rising;
      weights[i]![end - length + k] = 1 - rising;
    }
  }
  return weights;
}

/** Returns one over how many tiles lie at each pixel. */
function averages(places: readonly number[], tile: number, scale: number): Float32Array[] {
  const counts = (x: number) => places.filter((place) => place <= x && x < place + tile).length;
  return places.map((place) =>
    Float32Array.from({ length: tile * scale }, (_, i) => 1 / counts(place + Math.floor(i / scale))),
  );
}

/**
 * Receives finished lines, from top to bottom: `rows` holds whole interleaved lines from line `y` on and is
 * reused, so copy it. The next come when what it returns has resolved.
 */
export type RowsSink = (y: number, rows: Uint8Array | Uint16Array) => Promise<void> | void;

export interface Mosaic {
  /**
   * Lays down the next tile of the plan: `[channels, tileHeight * scale, tileWidth * scale]` in [-1, 1].
   * Tiles come in the plan's order, the next when the last is laid.
   */
  add(planar: Float32Array): Promise<void>;
  /** Bytes that the mosaic holds beyond what it hands out. */
  readonly bytes: number;
}

/** Lines are handed out this many at a time, so that rounding needs little memory. */
const linesAtOnce = 64;

const MOSAIC_OPTIONS = { channels: "number", scale: "number", bits: "number", onRows: "function" } as const;

/**
 * Blends the enlarged tiles of a plan into lines of whole numbers, top to bottom.
 *
 * @param options.scale how much larger a tile comes back than it was cut
 * @param options.bits 8 or 16, the depth of the lines handed to `onRows`
 * @throws SamsrError for what is no plan, and options that are missing
 */
export function createMosaic(
  plan: TilePlan,
  options: { channels: number; scale: number; bits?: 8 | 16; onRows: RowsSink },
): Mosaic {
  const planned = isObject(plan) && Array.isArray(plan.tiles);
  checkArgument("createMosaic: the plan", plan, planned, "what planTiles returned");
  checkOptions("createMosaic", options, MOSAIC_OPTIONS);
  const { channels, scale, bits = 8, onRows } = options;
  checkWhole("createMosaic: channels", channels, 1);
  checkWhole("createMosaic: scale", scale, 1);
  checkArgument("createMosaic: onRows", onRows, typeof onRows === "function", "a function");
  const width = plan.width * scale;
  const height = plan.height * scale;
  const tileWidth = plan.tileWidth * scale;
  const tileHeight = plan.tileHeight * scale;
  const bandHeight = Math.min(height, tileHeight);
  const across = handOverWeights(plan.columns, plan.tileWidth, plan.overlap, scale, plan.averaged);
  const down = handOverWeights(plan.rows, plan.tileHeight, plan.overlap, scale, plan.averaged);
  const plane = width * bandHeight;
  const band = new Float32Array(channels * plane);
  const lines = Math.min(linesAtOnce, bandHeight) * width * channels;
  const rounded = bits === 16 ? new Uint16Array(lines) : new Uint8Array(lines);
  let next = 0;

  const yieldToEventLoop = createYield();

  async function blend(tile: Tile, planar: Float32Array): Promise<void> {
    const left = tile.x * scale;
    const columns = Math.min(tileWidth, width - left);
    const wx = across[tile.column]!;
    const wy = down[tile.row]!;
    for (let c = 0; c < channels; c++) {
      for (let y = 0; y < bandHeight; y++) {
        const weight = wy[y]!;
        if (weight === 0) continue;
        if (y % 64 === 0) await yieldToEventLoop();
        const from = (c * tileHeight + y) * tileWidth;
        const to = c * plane + y * width + left;
        for (let x = 0; x < columns; x++) band[to + x]! += weight * wx[x]! * planar[from + x]!;
      }
    }
  }

  /**
   * Hands out the band's lines down to where the next row of tiles begins to count, and moves the rest up.
   */
  async function finish(row: number): Promise<void> {
    const top = plan.rows[row]! * scale;
    const last = row === plan.rows.length - 1;
    // What the row after hands over begins here; lines above were finished by this row or, when this row
    // was moved back, by the one before.
    const handedOver = (i: number) =>
      (plan.averaged ? plan.rows[i + 1]! : plan.rows[i]! + plan.tileHeight - plan.overlap) * scale - top;
    const begin = row === 0 ? 0 : handedOver(row - 1);
    const end = last ? height - top : handedOver(row);
    for (let y = begin; y < end; y += linesAtOnce) {
      const count = Math.min(linesAtOnce, end - y) * width;
      const out = rounded.subarray(0, count * channels);
      writeInterleaved(band, count, channels, out, plane, y * width);
      await onRows(top + y, out);
      await yieldToEventLoop();
    }
    if (last) return;
    const shift = (plan.rows[row + 1]! * scale - top) * width;
    for (let c = 0; c < channels; c++) {
      band.copyWithin(c * plane, c * plane + shift, (c + 1) * plane);
      band.fill(0, (c + 1) * plane - shift, (c + 1) * plane);
      await yieldToEventLoop();
    }
  }

  return {
    bytes: band.byteLength + rounded.byteLength,
    async add(planar) {
      const tile = plan.tiles[next];
      if (tile === undefined) throw new Error("the mosaic has all its tiles");
      if (planar.length !== channels * tileWidth * tileHeight) {
        throw new Error(
          `a tile of ${planar.length} values; expected [${channels}, ${tileHeight}, ${tileWidth}]`,
        );
      }
      next += 1;
      await blend(tile, planar);
      if (tile.column === plan.columns.length - 1) await finish(tile.row);
    },
  };
}

/**
 * Returns a sink that copies finished lines into a raster of the mosaic's size, channels and depth.
 * @throws SamsrError for what is no raster
 */
export function intoRaster(raster: Raster): RowsSink {
  checkRaster(raster);
  return (y, rows) => raster.data.set(rows, y * raster.width * raster.channels);
}
