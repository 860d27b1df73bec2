/**
 * Keeps what a network of pixels makes of a picture within what the small picture says. A network sharpens by
 * going too far: halos beside edges, grey that drifts where there is one colour, a tint on what is grey.
 * Bicubic enlargement knows no tint, keeps one colour as it is, and overshoots an edge by little; a result
 * that goes no further than it does is never worse in these three ways.
 */
import { hasAlpha, type Raster } from "../image/raster.js";
import { kernels, resizePlanar } from "../image/resize.js";

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
  { width, height, scale, deep = false }: ConfinedSize,
): Float32Array {
  const plane = width * height;
  const to = { width: scale * width, height: scale * height };
  const options = { kernel: kernels.bicubic, antialias: false };
  const bicubic = resizePlanar(small, { channels: 3, width, height }, to, options);
  const channels = [0, 1, 2].map((c) => {
    const values = small.subarray(c * plane, (c + 1) * plane);
    const inner = [around(values, width, height, Math.min), around(values, width, height, Math.max)] as const;
    const [least, greatest] = inner;
    const outer = [
      around(least, width, height, Math.min),
      around(greatest, width, height, Math.max),
    ] as const;
    const from = c * plane * scale * scale;
    return { inner, outer, soft: bicubic.subarray(from), out: large.subarray(from) };
  });
  const even = deep ? evenPlaces(small, width, height) : undefined;
  for (let y = 0, at = 0; y < height; y++) {
    for (let x = 0; x < width; x++, at++) {
      const flat = channels.every(({ inner: [low, high] }) => low[at] === high[at]);
      const wide = flat && channels.every(({ outer: [low, high] }) => low[at] === high[at]);
      const share = Math.max(wide ? 1 : flat ? 0.5 : 0, even?.[at] ?? 0);
      for (const { outer, soft, out } of channels) {
        const [low, high] = [outer[0][at], outer[1][at]];
        for (let row = 0; row < scale; row++) {
          const start = (y * scale + row) * width * scale + x * scale;
          for (let i = start; i < start + scale; i++) {
            if (share === 1) {
              out[i] = wide ? low : soft[i];
              continue;
            }
            const kept = Math.min(Math.max(out[i], Math.min(low, soft[i])), Math.max(high, soft[i]));
            out[i] = kept + share * (soft[i] - kept);
          }
        }
      }
    }
  }
  return large;
}

/**
 * Returns for each place 1 where nothing of the 5 x 5 around it bends, 0.5 where nothing of the 3 x 3 does,
 * else 0.
 */
function evenPlaces(small: Float32Array, width: number, height: number): Float32Array {
  const plane = width * height;
  const bends = new Float32Array(plane);
  for (let y = 0, at = 0; y < height; y++) {
    for (let x = 0; x < width; x++, at++) {
      for (let i = at; i < small.length; i += plane) {
        const bend = (step: number) => Math.abs(small[i - step] - 2 * small[i] + small[i + step]);
        if (x > 0 && x + 1 < width) bends[at] = Math.max(bends[at], bend(1));
        if (y > 0 && y + 1 < height) bends[at] = Math.max(bends[at], bend(width));
      }
    }
  }
  const inner = around(bends, width, height, Math.max);
  const outer = around(inner, width, height, Math.max);
  return inner.map((most, at) => (outer[at] <= EVEN ? 1 : most <= EVEN ? 0.5 : 0));
}

/**
 * Returns for each value the one that `pick` prefers of it and the eight around it, as far as there are any.
 */
function around(
  values: Float32Array,
  width: number,
  height: number,
  pick: (a: number, b: number) => number,
): Float32Array {
  const rows = new Float32Array(values.length);
  const out = new Float32Array(values.length);
  for (let y = 0, at = 0; y < height; y++) {
    for (let x = 0; x < width; x++, at++) {
      let best = values[at];
      if (x > 0) best = pick(best, values[at - 1]);
      if (x + 1 < width) best = pick(best, values[at + 1]);
      rows[at] = best;
    }
  }
  for (let y = 0, at = 0; y < height; y++) {
    for (let x = 0; x < width; x++, at++) {
      let best = rows[at];
      if (y > 0) best = pick(best, rows[at - width]);
      if (y + 1 < height) best = pick(best, rows[at + width]);
      out[at] = best;
    }
  }
  return out;
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
    const [r, g, b] = [data[i], data[i + 1], data[i + 2]];
    if (Math.max(r, g, b) - Math.min(r, g, b) > most && !(hasAlpha(raster) && data[i + 3] === 0))
      return false;
  }
  return true;
}
