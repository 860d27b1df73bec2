/**
 * Keeps what a network of pixels makes of a picture within what the small picture says. A network sharpens by
 * going too far: halos beside edges, grey that drifts where there is one colour, a tint on what is grey.
 * Bicubic enlargement knows no tint, keeps one colour as it is, and overshoots an edge by little; a result
 * that goes no further than it does is never worse in these three ways.
 */
import { cropPlanar, hasAlpha, type Raster } from "../image/raster.js";
import { kernels, resizeByBlocks } from "../image/resize.js";
import { around } from "./around.js";
import { bounded } from "./bounds.js";

/** Channels of a grey picture differ by no more levels of 255 than a JPEG's rounding leaves. */
const GREY_LEVELS = 2;

/**
 * A second difference that is as good as none, an eighth of a level of 255. Pictures of 8 bits step by whole
 * levels even where they are smooth, so this tells of pictures of 16 bits alone.
 */
const EVEN = 2 / 255 / 8;

interface ConfinedSize {
  /** The small picture's width. */
  readonly width: number;
  readonly height: number;
  /**
   * How much of it, from the upper left corner, is the photo; what lies beside and below is its reflection,
   * and neither changed nor looked at. Default: all.
   */
  readonly photo?: { readonly width: number; readonly height: number };
  /** How many times larger the other is. */
  readonly scale: number;
  /** Whether the small picture has 16 bits; default false. */
  readonly deep?: boolean;
}

/**
 * Confines a large picture, in place. Each value stays within the 5 x 5 small pixels around it, or goes as
 * far beyond them as the bicubic enlargement does. Where all 25 are of one colour, that colour is the result;
 * where the inner 9 are, the result is half of the way to bicubic, so that no seam shows. In a picture of 16
 * bits the same goes for a ramp: where nothing bends, the result is bicubic.
 *
 * @param large [3, s h, s w] in [-1, 1]
 * @param small [3, h, w] in [-1, 1]
 * @returns `large`
 */
export function confine(
  large: Float32Array,
  small: Float32Array,
  { width: tileWidth, height: tileHeight, photo, scale, deep = false }: ConfinedSize,
): Float32Array {
  const { width, height } = photo ?? { width: tileWidth, height: tileHeight };
  const area = tileWidth * tileHeight;
  const stride = scale * tileWidth;
  const to = { width: scale * width, height: scale * height };
  const bicubic = resizeByBlocks({ width, height }, to, { kernel: kernels.bicubic, antialias: false });
  const shape = { width: tileWidth, height: tileHeight, channels: 3 };
  const seen = cropPlanar(small, shape, { x: 0, y: 0, width, height });
  const planes = [0, 1, 2].map((c) => seen.subarray(c * width * height, (c + 1) * width * height));
  const ranges = planes.map((values) => {
    const least = around(values, width, height, "least");
    const greatest = around(values, width, height, "greatest");
    return {
      ...{ least, greatest },
      lowest: around(least, width, height, "least"),
      highest: around(greatest, width, height, "greatest"),
    };
  });
  const shares = deep ? evenPlaces(planes, width, height) : new Float32Array(width * height);
  const [r, g, b] = ranges as [Range, Range, Range];
  for (let at = 0; at < shares.length; at++) {
    if (r.lowest[at] === r.highest[at] && g.lowest[at] === g.highest[at] && b.lowest[at] === b.highest[at]) {
      shares[at] = ONE_COLOUR;
    } else if (
      r.least[at] === r.greatest[at] &&
      g.least[at] === g.greatest[at] &&
      b.least[at] === b.greatest[at]
    ) {
      shares[at] = Math.max(shares[at], 0.5);
    }
  }
  // Smaller pictures have fewer values than bicubic has taps.
  const isBounded = scale === 4 && width >= 4 && height >= 4;
  // What is left to be looked at place by place: little of a photo.
  const places: number[] = [];
  for (let at = 0; at < shares.length; at++) if (shares[at] > 0 || !isBounded) places.push(at);
  const confinePlane = (out: Float32Array, values: Float32Array, low: Float32Array, high: Float32Array) => {
    const soft = new Float32Array(scale * scale);
    for (const at of places) {
      const share = shares[at];
      const x = at % width;
      const y = (at - x) / width;
      const start = scale * (y * stride + x);
      if (share === ONE_COLOUR) {
        for (let row = 0, i = start; row < scale; row++, i += stride) out.fill(low[at], i, i + scale);
      } else {
        bicubic(values, x, y, soft);
        limit(out, start, stride, scale, low[at], high[at], share, soft);
      }
    }
  };
  for (const [c, { lowest, highest }] of ranges.entries()) {
    const plane = large.subarray(c * area * scale * scale, (c + 1) * area * scale * scale);
    if (isBounded) bounded(plane, planes[c], lowest, highest, { width, height, stride });
    confinePlane(plane, planes[c], lowest, highest);
  }
  return large;
}

/** What is least and greatest within the 3 x 3 and within the 5 x 5 around each place of a plane. */
interface Range {
  readonly least: Float32Array;
  readonly greatest: Float32Array;
  readonly lowest: Float32Array;
  readonly highest: Float32Array;
}

/** The share of a place around which there is one colour: it becomes the result, not bicubic. */
const ONE_COLOUR = 2;

/**
 * Keeps the values of the square that one small pixel covers from `low` to `high` or as far as bicubic goes,
 * and takes them by a share of the way to it.
 */
function limit(
  out: Float32Array,
  start: number,
  stride: number,
  scale: number,
  low: number,
  high: number,
  share: number,
  soft: Float32Array,
): void {
  for (let row = 0, k = 0; row < scale; row++) {
    for (let i = start + row * stride, end = i + scale; i < end; i++, k++) {
      const value = soft[k];
      const kept = Math.min(Math.max(out[i], Math.min(low, value)), Math.max(high, value));
      out[i] = share === 1 ? value : kept + share * (value - kept);
    }
  }
}

/**
 * Returns for each place 1 where nothing of the 5 x 5 around it bends, 0.5 where nothing of the 3 x 3 does,
 * else 0.
 */
function evenPlaces(planes: readonly Float32Array[], width: number, height: number): Float32Array {
  const bends = new Float32Array(width * height);
  for (let y = 0, at = 0; y < height; y++) {
    for (let x = 0; x < width; x++, at++) {
      for (const plane of planes) {
        const bend = (step: number) => Math.abs(plane[at - step] - 2 * plane[at] + plane[at + step]);
        if (x > 0 && x + 1 < width) bends[at] = Math.max(bends[at], bend(1));
        if (y > 0 && y + 1 < height) bends[at] = Math.max(bends[at], bend(width));
      }
    }
  }
  const inner = around(bends, width, height, "greatest");
  const outer = around(inner, width, height, "greatest");
  return inner.map((most, at) => (outer[at] <= EVEN ? 1 : most <= EVEN ? 0.5 : 0));
}

/**
 * Tells whether a picture of three colours shows grey alone: its channels differ by a JPEG's rounding at
 * most. False for a picture of one colour channel, which comes out grey anyway.
 */
export function isGrey(raster: Raster): boolean {
  const { data, channels } = raster;
  if (channels < 3) return false;
  const most = data instanceof Uint16Array ? GREY_LEVELS * 257 : GREY_LEVELS;
  for (let i = 0; i < data.length; i += channels) {
    const r = data[i];
    const g = data[i + 1];
    const b = data[i + 2];
    if (Math.max(r, g, b) - Math.min(r, g, b) > most && !(hasAlpha(raster) && data[i + 3] === 0))
      return false;
  }
  return true;
}
