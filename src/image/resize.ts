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

export interface Kernel {
  /** The kernel is zero at this distance and beyond, in input pixels. */
  support: number;
  weight(distance: number): number;
}

/** Keys' cubic kernel with slope parameter `a`: -0.5 is exact for quadratics, -0.75 is PyTorch's choice. */
export function cubic(a: number): Kernel {
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
export interface Taps {
  /** How many input values each output value reads. */
  count: number;
  /** The first of them, one for each output value. */
  first: Int32Array;
  /** `[output, count]`. */
  weights: Float32Array;
}

/** The taps that take an axis of `from` values to one of `to`. */
export function taps(from: number, to: number, kernel: Kernel, antialias: boolean): Taps {
  const ratio = from / to;
  const stretch = antialias ? Math.max(1, ratio) : 1;
  const reach = kernel.support * stretch;
  const count = Math.min(from, Math.ceil(2 * reach));
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
 */
export function resizePlanar(
  planar: Float32Array,
  from: { channels: number; width: number; height: number },
  to: { width: number; height: number },
  options: { kernel?: Kernel; antialias?: boolean } = {},
): Float32Array {
  const { kernel = kernels.catmullRom, antialias = true } = options;
  const { channels, width, height } = from;
  const across = taps(width, to.width, kernel, antialias);
  const down = taps(height, to.height, kernel, antialias);
  const out = new Float32Array(channels * to.width * to.height);
  const half = new Float32Array(height * to.width);
  for (let c = 0; c < channels; c++) {
    resizeRows(planar.subarray(c * width * height, (c + 1) * width * height), width, half, to.width, across);
    resizeColumns(
      half,
      out.subarray(c * to.width * to.height, (c + 1) * to.width * to.height),
      to.width,
      down,
    );
  }
  return out;
}

/** Resizes each row of `width` values in `source` into a row of `newWidth` in `out`. */
export function resizeRows(
  source: Float32Array,
  width: number,
  out: Float32Array,
  newWidth: number,
  t: Taps,
): void {
  const { count, first, weights } = t;
  const height = source.length / width;
  for (let y = 0, at = 0; y < height; y++) {
    const row = y * width;
    for (let x = 0, w = 0; x < newWidth; x++) {
      const start = row + first[x]!;
      let sum = 0;
      for (let k = 0; k < count; k++) sum += source[start + k]! * weights[w++]!;
      out[at++] = sum;
    }
  }
}

function resizeColumns(source: Float32Array, out: Float32Array, width: number, t: Taps): void {
  const { count, first, weights } = t;
  const sums = new Float64Array(width);
  for (let y = 0; y < first.length; y++) {
    sums.fill(0);
    for (let k = 0; k < count; k++) {
      const weight = weights[y * count + k]!;
      if (weight === 0) continue;
      const row = (first[y]! + k) * width;
      for (let x = 0; x < width; x++) sums[x]! += weight * source[row + x]!;
    }
    out.set(sums, y * width);
  }
}

/**
 * The x4 bicubic enlargement (a = -0.75, no antialias, edge pixels repeated) of `[channels, height, width]`
 * to `[channels, 4 height, 4 width]`: what the diffusion starts from and what the scores compare with.
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
