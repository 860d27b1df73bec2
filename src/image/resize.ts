/**
 * Separable resampling of planar floats: each output value is a weighted sum of a short run of input
 * values along x, then along y. Pixel centres lie at half-integers, so output pixel i looks at input
 * position (i + 0.5) * in / out - 0.5.
 *
 * Without antialias the kernel keeps its width and reads the edge pixel again where it reaches outside: this
 * is PyTorch's `interpolate(mode="bicubic", align_corners=False)` and the x4 enlargement that the diffusion
 * starts from. With antialias the kernel is widened by the factor when shrinking and weights that fall
 * outside are dropped, the rest brought back to a sum of one: this is how MATLAB's and Pillow's resize make
 * low-resolution images (edges as Pillow). Keys, "Cubic Convolution Interpolation for Digital Image
 * Processing", 1981, gives the cubic kernel.
 */
import { checkArgument, checkOptions, checkSize, isObject } from "../base/arguments.js";
import { checkPlanar } from "./raster.js";

export interface Kernel {
  /** The kernel is zero at this distance and beyond, in input pixels. */
  readonly support: number;
  weight(distance: number): number;
}

/**
 * Keys' cubic kernel with slope parameter `a`: -0.5 is exact for quadratics, -0.75 is PyTorch's choice.
 * @throws SamsrError when `a` is no finite number
 */
export function cubic(a: number): Kernel {
  checkArgument("cubic: a", a, Number.isFinite(a), "a finite number");
  return {
    support: 2,
    weight(distance) {
      const d = Math.abs(distance);
      if (d <= 1) return ((a + 2) * d - (a + 3)) * d * d + 1;
      if (d < 2) return (((d - 5) * d + 8) * d - 4) * a;
      return 0;
    },
  };
}

export const kernels = {
  /** PyTorch's bicubic without antialias. */
  bicubic: cubic(-0.75),
  /** The bicubic of MATLAB and Pillow, and of PyTorch with antialias. */
  catmullRom: cubic(-0.5),
  bilinear: { support: 1, weight: (d: number) => Math.max(0, 1 - Math.abs(d)) },
  lanczos3: {
    support: 3,
    weight(d: number) {
      if (d === 0) return 1;
      if (Math.abs(d) >= 3) return 0;
      const x = Math.PI * d;
      return (3 * Math.sin(x) * Math.sin(x / 3)) / (x * x);
    },
  },
} satisfies Record<string, Kernel>;

/** Which input values each output value along an axis reads, and how much of each. */
interface Taps {
  /** How many input values each output value reads. */
  readonly count: number;
  /** The first of them, one for each output value. */
  readonly first: Int32Array;
  /** `[output, count]`. */
  readonly weights: Float32Array;
}

/** Returns the taps that take an axis of `from` values to one of `to`. */
export function taps(from: number, to: number, kernel: Kernel, antialias: boolean): Taps {
  const ratio = from / to;
  const stretch = antialias ? Math.max(1, ratio) : 1;
  const reach = kernel.support * stretch;
  // Rounded up to four, which the sums take at once.
  const count = Math.min(from, 4 * Math.ceil(reach / 2));
  const first = new Int32Array(to);
  const weights = new Float32Array(to * count);
  const row = new Float64Array(count);
  for (let i = 0; i < to; i++) {
    const centre = (i + 0.5) * ratio - 0.5;
    const low = Math.floor(centre - reach) + 1;
    const high = Math.ceil(centre + reach) - 1;
    const start = Math.max(0, Math.min(low, from - count));
    row.fill(0);
    let sum = 0;
    for (let j = low; j <= high; j++) {
      if (antialias && (j < 0 || j >= from)) continue;
      const weight = kernel.weight((j - centre) / stretch);
      row[Math.max(0, Math.min(from - 1, j)) - start]! += weight;
      sum += weight;
    }
    first[i] = start;
    for (let k = 0; k < count; k++) weights[i * count + k] = row[k]! / sum;
  }
  return { count, first, weights };
}

/**
 * Resizes `[channels, height, width]` to `[channels, to.height, to.width]`.
 * @param options.kernel `kernels.catmullRom` by default
 * @param options.antialias widen the kernel when shrinking; true by default
 * @throws SamsrError when the values are not as many as `from` has, or there is no such size or kernel
 */
export function resizePlanar(
  planar: Float32Array,
  from: { channels: number; width: number; height: number },
  to: { width: number; height: number },
  options: { kernel?: Kernel; antialias?: boolean } = {},
): Float32Array {
  checkOptions("resizePlanar", options, { kernel: "object", antialias: "boolean" });
  const { kernel = kernels.catmullRom, antialias = true } = options;
  checkArgument(
    "resizePlanar: the size before",
    from,
    isObject(from),
    "an object with channels, width and height",
  );
  checkPlanar("resizePlanar", planar, from);
  checkArgument("resizePlanar: the size after", to, isObject(to), "an object with width and height");
  checkSize("resizePlanar", to.width, to.height);
  const { channels, width, height } = from;
  const across = taps(width, to.width, kernel, antialias);
  const down = taps(height, to.height, kernel, antialias);
  const out = new Float32Array(channels * to.width * to.height);
  const half = new Float32Array(height * to.width);
  for (let c = 0; c < channels; c++) {
    resizeRows(planar.subarray(c * width * height, (c + 1) * width * height), width, half, to.width, across);
    for (let y = 0; y < to.height; y++) {
      const start = (k: number) => (down.first[y]! + k) * to.width;
      combineRows(half, start, down, y * down.count, out, (c * to.height + y) * to.width, to.width);
    }
  }
  return out;
}

/**
 * Makes a function that enlarges one plane [height, width] by a whole factor as {@link resizePlanar} does,
 * but the square of one small pixel at a time: for those who need few of them.
 * @returns writes the square of the pixel at (x, y) to `out`, [factor, factor], the same to the bit
 */
export function resizeByBlocks(
  from: { width: number; height: number },
  to: { width: number; height: number },
  { kernel, antialias }: { kernel: Kernel; antialias: boolean },
): (plane: Float32Array, x: number, y: number, out: Float32Array) => void {
  const factor = to.width / from.width;
  const across = taps(from.width, to.width, kernel, antialias);
  const down = taps(from.height, to.height, kernel, antialias);
  const half = new Float32Array((factor + down.count) * factor);
  return (plane, x, y, out) => {
    const top = down.first[y * factor]!;
    const bottom = down.first[(y + 1) * factor - 1]! + down.count;
    const [left, right] = [x * factor, (x + 1) * factor];
    for (let row = top, at = 0; row < bottom; row++) {
      const start = row * from.width;
      for (let i = left; i < right; i++) half[at++] = weighted(plane, start + across.first[i]!, 1, across, i);
    }
    for (let i = y * factor, at = 0; i < (y + 1) * factor; i++) {
      const first = (down.first[i]! - top) * factor;
      for (let j = 0; j < factor; j++) out[at++] = weighted(half, first + j, factor, down, i);
    }
  };
}

/** Sums values that lie `step` apart by the taps of place i. */
function weighted(
  values: Float32Array,
  first: number,
  step: number,
  { count, weights }: Taps,
  i: number,
): number {
  let w = i * count;
  if (count === 4) {
    return (
      values[first]! * weights[w]! +
      values[first + step]! * weights[w + 1]! +
      values[first + 2 * step]! * weights[w + 2]! +
      values[first + 3 * step]! * weights[w + 3]!
    );
  }
  let sum = 0;
  for (let k = 0, at = first; k < count; k++, at += step) sum += values[at]! * weights[w++]!;
  return sum;
}

/** Resizes each row of `width` values in `source` into a row of `newWidth` in `out`. */
export function resizeRows(
  source: Float32Array,
  width: number,
  out: Float32Array,
  newWidth: number,
  { count, first, weights }: Taps,
): void {
  const height = source.length / width;
  for (let y = 0, at = 0; y < height; y++) {
    const row = y * width;
    for (let x = 0, w = 0; x < newWidth; x++) {
      let from = row + first[x]!;
      let sum = 0;
      let k = 4;
      // Four at a time: most kernels have a multiple of four taps, and loops cost more than sums.
      for (; k <= count; k += 4, from += 4, w += 4) {
        sum +=
          source[from]! * weights[w]! +
          source[from + 1]! * weights[w + 1]! +
          source[from + 2]! * weights[w + 2]! +
          source[from + 3]! * weights[w + 3]!;
      }
      for (k -= 4; k < count; k++) sum += source[from++]! * weights[w++]!;
      out[at++] = sum;
    }
  }
}

/**
 * Writes one row of `length` values at `to` in `out`: the sum of `count` rows of `source`, row k beginning at
 * `starts(k)`, by the weights from `w` on.
 */
export function combineRows(
  source: Float32Array,
  starts: (k: number) => number,
  { count, weights }: Taps,
  w: number,
  out: Float32Array,
  to: number,
  length: number,
): void {
  out.fill(0, to, to + length);
  // Past the last tap, weight 0.
  const start = (k: number) => starts(Math.min(k, count - 1));
  const weight = (k: number) => (k < count ? weights[w + k]! : 0);
  for (let k = 0; k < count; k += 4) {
    const [a, b, c, d] = [start(k), start(k + 1), start(k + 2), start(k + 3)];
    const [wa, wb, wc, wd] = [weight(k), weight(k + 1), weight(k + 2), weight(k + 3)];
    for (let i = 0; i < length; i++) {
      out[to + i]! += wa * source[a + i]! + wb * source[b + i]! + wc * source[c + i]! + wd * source[d + i]!;
    }
  }
}

/**
 * Returns the x4 bicubic enlargement (a = -0.75, no antialias, edge pixels repeated) of `[channels, height,
 * width]` to `[channels, 4 height, 4 width]`: what the diffusion starts from and what the scores compare
 * with.
 * @throws SamsrError when the values are not `channels * height * width`
 */
export function bicubicX4(
  planar: Float32Array,
  channels: number,
  width: number,
  height: number,
): Float32Array {
  const to = { width: 4 * width, height: 4 * height };
  return resizePlanar(planar, { channels, width, height }, to, { kernel: kernels.bicubic, antialias: false });
}
