/**
 * A large image is cut into overlapping tiles, each goes through the network alone, and the results are
 * laid together again. Three things make that cheap and invisible.
 *
 * The cut. Sides of tiles are multiples of what the network needs, but tiles need not be alike: along an axis
 * their sides differ by one multiple, so all of them together are hardly longer than the image and what they
 * share. Of all grids whose tiles are small enough the one that computes fewest pixels is taken.
 *
 * Hand-over. From one tile to the next there is a stretch in the middle of what both see where the weight of
 * the first falls from 1 to 0 along a raised cosine and that of the second rises by exactly as much, so the
 * weights sum to 1 everywhere and need no normalising. At a corner the weights are the products of those
 * along x and y.
 *
 * The band. Tiles come row by row, so results are summed in a band as wide as the image and as tall as the
 * tallest tile. When a row of tiles is complete, all lines that the next row does not touch are rounded and
 * handed out, and the rest moves to the top of the band.
 */
import { checkArgument, checkOptions, checkSize, checkWhole, isObject } from "../base/arguments.js";
import { SamsrError } from "../base/errors.js";
import { createYield } from "../base/event-loop.js";
import { writeInterleaved } from "./interleave.js";
import { checkRaster, type Raster, type Region } from "./raster.js";

/** Where a tile lies, in pixels of the low-resolution image, and its place in the grid. */
export interface Tile extends Region {
  readonly column: number;
  readonly row: number;
}

/** A stretch of pixels along one axis. */
export interface Span {
  readonly start: number;
  readonly length: number;
}

export interface TilePlan {
  /** The width of the image. */
  readonly width: number;
  readonly height: number;
  /**
   * The sides of the widest and of the tallest tile. Where there is one tile along an axis it may be longer
   * than the image: then it reads reflected pixels there.
   */
  readonly tileWidth: number;
  readonly tileHeight: number;
  /** How far neighbours overlap at least. */
  readonly overlap: number;
  /** Whether overlaps are averaged, all that two tiles share; else one tile hands over to the next. */
  readonly averaged: boolean;
  /** Where tiles lie along x and y. */
  readonly columns: readonly Span[];
  readonly rows: readonly Span[];
  /** The tiles, in row-major order. */
  readonly tiles: readonly Tile[];
}

/** What a plan of tiles keeps to. */
export interface TilePlanOptions {
  /**
   * The side of a square, in low-resolution pixels, a multiple of `multiple`: no tile has more pixels than
   * that, is taller, or is over twice as wide.
   */
  readonly tile: number;
  /** How far neighbours overlap at least: at most half of `tile`. */
  readonly overlap: number;
  /** What the network needs sides to divide by; 1 by default. */
  readonly multiple?: number;
  /** Whether all tiles are of one size, for networks that cost a session for each; default false. */
  readonly alike?: boolean;
  /** The one size of tile that a network takes, where it takes one only. */
  readonly size?: { readonly width: number; readonly height: number };
  /**
   * Whether to cut as ResShift, SinSR and SAMSR do: along an axis longer than `tile` each tile is as long as
   * that, the last moved back to end at the border, and overlaps are averaged; default false.
   */
  readonly published?: boolean;
}

/**
 * Covers an image of `width` x `height` pixels with a grid of tiles, the one that computes fewest pixels, and
 * of those the one of fewest tiles.
 * @throws SamsrError when the options contradict each other
 */
export function planTiles(width: number, height: number, options: TilePlanOptions): TilePlan {
  checkSize("planTiles", width, height);
  checkOptions("planTiles", options, PLAN_OPTIONS);
  const { tile, overlap, multiple = 1, alike = false, size, published = false } = options;
  if (!Number.isInteger(tile) || tile < 1 || tile % multiple !== 0) {
    throw new SamsrError(`The tile must be a whole multiple of ${multiple} pixels, not ${tile}.`);
  }
  if (!Number.isInteger(overlap) || overlap < 0 || 2 * overlap > tile) {
    throw new SamsrError(`The overlap must be from 0 to half the tile (${tile / 2} pixels), not ${overlap}.`);
  }
  const along = (length: number, only: number) =>
    published
      ? placed(length, Math.min(tile, roundUp(length, multiple)), overlap)
      : laid(length, Array(countWithin(length, only, overlap)).fill(only), overlap);
  const { columns, rows } =
    size || published
      ? { columns: along(width, size?.width ?? tile), rows: along(height, size?.height ?? tile) }
      : cheapestGrid([width, height], { tile, overlap, multiple, alike });
  const tiles = rows.flatMap(({ start: y, length: h }, row) =>
    columns.map(({ start: x, length: w }, column) => ({ x, y, width: w, height: h, column, row })),
  );
  const [tileWidth, tileHeight] = [longest(columns), longest(rows)];
  return { width, height, tileWidth, tileHeight, overlap, averaged: published, columns, rows, tiles };
}

const PLAN_OPTIONS = {
  tile: "number",
  overlap: "number",
  multiple: "number",
  alike: "boolean",
  size: "object",
  published: "boolean",
} as const;

const roundUp = (length: number, multiple: number) => Math.ceil(length / multiple) * multiple;
const longest = (spans: readonly Span[]) => spans.reduce((most, { length }) => Math.max(most, length), 0);
const total = (spans: readonly Span[]) => spans.reduce((sum, { length }) => sum + length, 0);

/** Places tiles of one side along an axis, the last moved back so that it ends at the border. */
function placed(length: number, side: number, overlap: number): Span[] {
  const spans: Span[] = [];
  for (let start = 0; start + side < length; start += side - overlap) spans.push({ start, length: side });
  return [...spans, { start: Math.max(length - side, 0), length: side }];
}

type GridOptions = Required<Pick<TilePlanOptions, "tile" | "overlap" | "multiple" | "alike">>;

function cheapestGrid([width, height]: readonly [number, number], options: GridOptions) {
  const { tile, overlap, multiple } = options;
  const least = leastSide(options);
  let best: { columns: Span[]; rows: Span[]; pixels: number; tiles: number } | undefined;
  for (let count = 1; ; count++) {
    const columns = spread(width, count, options);
    const wide = longest(columns);
    // The band is as tall as a tile.
    const tallest = Math.floor(Math.min((tile * tile) / wide, tile) / multiple) * multiple;
    if (wide <= 2 * tile && (tallest >= least || tallest >= height)) {
      const rows = spread(height, countWithin(height, tallest, overlap), options);
      const [pixels, tiles] = [total(columns) * total(rows), columns.length * rows.length];
      const isBetter = !best || pixels < best.pixels || (pixels === best.pixels && tiles < best.tiles);
      if (isBetter) best = { columns, rows, pixels, tiles };
    }
    // More columns would not be narrower, or so narrow that rows as tall as may be see no less.
    if (best && (wide <= least || 2 * wide <= tile)) return best;
  }
}

/**
 * Returns how long a side of several tiles is at least: the half in its middle is then its own, unless the
 * overlap is so large that not even a square has such a half.
 */
function leastSide({ tile, overlap, multiple }: GridOptions): number {
  return Math.min(Math.max(roundUp(4 * overlap, multiple), multiple), tile);
}

/** Returns how many tiles no longer than `side` an axis needs. */
function countWithin(length: number, side: number, overlap: number): number {
  return length <= side ? 1 : Math.ceil((length - overlap) / (side - overlap));
}

/** Spreads so many tiles over an axis, as short as multiples and the least side allow. */
function spread(length: number, count: number, options: GridOptions): Span[] {
  const { overlap, multiple, alike } = options;
  const units = Math.ceil((length + (count - 1) * overlap) / multiple);
  const [even, rest] = [Math.floor(units / count), units % count];
  const least = count === 1 ? multiple : leastSide(options);
  const sides = Array.from({ length: count }, (_, i) => {
    const own = even + (alike ? Math.min(rest, 1) : i < rest ? 1 : 0);
    return Math.max(own * multiple, least);
  });
  return laid(length, sides, overlap);
}

/** Lays tiles along an axis; what they are too long together, neighbours share beyond the overlap. */
function laid(length: number, sides: readonly number[], overlap: number): Span[] {
  const gaps = sides.length - 1;
  const surplus = sides.reduce((a, b) => a + b) - length - gaps * overlap;
  let end = 0;
  return sides.map((side, i) => {
    const start = i === 0 ? 0 : end - overlap - share(surplus, i, gaps);
    end = start + side;
    return { start, length: side };
  });
}

/** Returns the i-th of so many shares of a whole number, i from 1 on. */
function share(whole: number, i: number, count: number): number {
  return Math.floor((whole * i) / count) - Math.floor((whole * (i - 1)) / count);
}

/**
 * Returns the weight of each tile along one axis, in pixels enlarged by `scale`: one array of its length
 * times that for each span, summing to 1 at every pixel of the image.
 * @param averaged whether all tiles at a pixel count the same there; default false
 */
export function handOverWeights(
  spans: readonly Span[],
  overlap: number,
  scale: number,
  averaged = false,
): Float32Array[] {
  if (averaged) return averages(spans, scale);
  const weights = spans.map(({ length }) => new Float32Array(length * scale).fill(1));
  for (const [i, { begin, length }] of handOvers(spans, overlap).entries()) {
    const [ending, beginning] = [weights[i]!, weights[i + 1]!];
    const from = (begin - spans[i]!.start) * scale;
    const to = (begin - spans[i + 1]!.start) * scale;
    const steps = length * scale;
    beginning.fill(0, 0, to);
    ending.fill(0, from + steps);
    for (let k = 0; k < steps; k++) {
      const rising = Math.fround(0.5 - 0.5 * Math.cos((Math.PI * (k + 0.5)) / steps));
      beginning[to + k] = rising;
      ending[from + k] = 1 - rising;
    }
  }
  return weights;
}

/** Returns where each tile but the last hands over to the next: in the middle of what both see. */
export function handOvers(spans: readonly Span[], overlap: number) {
  return spans.slice(0, -1).map(({ start, length }, i) => {
    const next = spans[i + 1]!;
    const shared = start + length - next.start;
    // A tile between two others has both hand-overs, one after the other.
    const room = [i > 0 ? length - shared : shared, i + 2 < spans.length ? next.length - shared : shared];
    const own = Math.max(0, Math.min(overlap, ...room));
    return { begin: next.start + ((shared - own) >> 1), length: own };
  });
}

/** Returns where the longest run of ones begins and ends among the first `length` weights. */
function longestOfOnes(weights: Float32Array, length: number): { first: number; end: number } {
  let best = { first: 0, end: 0 };
  for (let i = 0; i < length; i++) {
    const first = i;
    while (i < length && weights[i] === 1) i++;
    if (i - first > best.end - best.first) best = { first, end: i };
  }
  return best;
}

/** Returns one over how many tiles lie at each pixel. */
function averages(spans: readonly Span[], scale: number): Float32Array[] {
  const counts = (x: number) => spans.filter(({ start, length }) => start <= x && x < start + length).length;
  return spans.map(({ start, length }) =>
    Float32Array.from({ length: length * scale }, (_, i) => 1 / counts(start + Math.floor(i / scale))),
  );
}

/**
 * Receives finished lines, from top to bottom: `rows` holds whole interleaved lines from line `y` on and is
 * reused, so copy it. The next come when what it returns has resolved.
 */
export type RowsSink = (y: number, rows: Uint8Array | Uint16Array) => Promise<void> | void;

export interface Mosaic {
  /**
   * Lays down the next tile of the plan: `[channels, its height * scale, its width * scale]` in [-1, 1].
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
  const bandHeight = Math.min(height, plan.tileHeight * scale);
  const across = handOverWeights(plan.columns, plan.overlap, scale, plan.averaged);
  const down = handOverWeights(plan.rows, plan.overlap, scale, plan.averaged);
  const plane = width * bandHeight;
  const band = new Float32Array(channels * plane);
  const lines = Math.min(linesAtOnce, bandHeight) * width * channels;
  const rounded = bits === 16 ? new Uint16Array(lines) : new Uint8Array(lines);
  let next = 0;

  const yieldToEventLoop = createYield();

  async function blend(tile: Tile, planar: Float32Array): Promise<void> {
    const left = tile.x * scale;
    const tileWidth = tile.width * scale;
    const columns = Math.min(tileWidth, width - left);
    const lines = Math.min(tile.height * scale, bandHeight);
    const wx = across[tile.column]!;
    const wy = down[tile.row]!;
    const alone = longestOfOnes(wx, columns);
    for (let c = 0; c < channels; c++) {
      for (let y = 0; y < lines; y++) {
        const weight = wy[y]!;
        if (weight === 0) continue;
        if (y % 64 === 0) await yieldToEventLoop();
        const from = (c * tile.height * scale + y) * tileWidth;
        const to = c * plane + y * width + left;
        let x = 0;
        for (; x < alone.first; x++) band[to + x]! += weight * wx[x]! * planar[from + x]!;
        if (weight === 1) {
          // No other tile counts here, and the band is empty.
          band.set(planar.subarray(from + x, from + alone.end), to + x);
          x = alone.end;
        }
        for (; x < columns; x++) band[to + x]! += weight * wx[x]! * planar[from + x]!;
      }
    }
  }

  /** Hands out the band's lines down to where the next row of tiles begins, and moves the rest up. */
  async function finish(row: number): Promise<void> {
    const top = plan.rows[row]!.start * scale;
    const next = plan.rows[row + 1];
    const end = next ? next.start * scale - top : height - top;
    for (let y = 0; y < end; y += linesAtOnce) {
      const count = Math.min(linesAtOnce, end - y) * width;
      const out = rounded.subarray(0, count * channels);
      writeInterleaved(band, count, channels, out, plane, y * width);
      await onRows(top + y, out);
      await yieldToEventLoop();
    }
    if (!next) return;
    const shift = end * width;
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
      const [h, w] = [tile.height * scale, tile.width * scale];
      if (planar.length !== channels * h * w) {
        throw new Error(`a tile of ${planar.length} values; expected [${channels}, ${h}, ${w}]`);
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
