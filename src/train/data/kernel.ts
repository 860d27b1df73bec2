import { SCALE } from "../../base/scale.js";
import { type Kernel, kernels } from "../../image/resize.js";

/**
 * The one kernel of the mild degradation: a Gaussian blur and an antialiased reduction, composed.
 *
 * Both are linear, symmetric and separable, and the reduction keeps every 4th sample, so the pair is a single
 * symmetric FIR filter applied with stride 4. With reflection at the photo's edges the composition is exact
 * there too: the blur of a reflected photo is the reflection of the blurred one.
 */

/** A stride-4 filter: output sample i is the sum over t of weights[t] * input[4 i + first + t]. */
export interface ReductionKernel {
  /** Offset of the first tap from HR sample 4 i (negative). */
  readonly first: number;
  /** Sums to 1, symmetric. */
  readonly weights: Float64Array;
}

/** Samples a Gaussian, cut at 3 sigma and normalised; `[1]` for sigma 0. The length is odd. */
export function gaussianTaps(sigma: number): Float64Array {
  const radius = Math.ceil(3 * sigma);
  const taps = new Float64Array(2 * radius + 1);
  for (let i = -radius; i <= radius; i++) {
    taps[i + radius] = sigma > 0 ? Math.exp(-(i * i) / (2 * sigma * sigma)) : 1;
  }
  return normalise(taps);
}

/**
 * What reductions are made by: the mean of each block, cubic convolution with a = -0.5, Lanczos with three
 * lobes.
 */
export const REDUCTION_FILTERS = {
  area: { support: 0.5, weight: (d: number) => (Math.abs(d) <= 0.5 ? 1 : 0) },
  bicubic: kernels.catmullRom,
  lanczos: kernels.lanczos3,
} as const satisfies Record<string, Kernel>;

export type ReductionFilter = keyof typeof REDUCTION_FILTERS;

const cache = new Map<string, ReductionKernel>();

/**
 * Returns the kernel of a Gaussian blur of `sigma` HR pixels followed by a x4 reduction: by default cubic
 * convolution with a = -0.5, widened by 4 against aliasing, centres aligned at half pixels (what "bicubic
 * downsampling" means in the literature). `sigma` is rounded to 0.01, so that the kernels can be kept.
 */
export function reductionKernel(sigma: number, filter: ReductionFilter = "bicubic"): ReductionKernel {
  const hundredths = Math.round(sigma * 100);
  const key = `${filter} ${hundredths}`;
  let kernel = cache.get(key);
  if (!kernel) {
    kernel = compose(gaussianTaps(hundredths / 100), REDUCTION_FILTERS[filter]);
    cache.set(key, kernel);
  }
  return kernel;
}

function compose(blur: Float64Array, filter: Kernel): ReductionKernel {
  // LR sample i lies at HR position 4 i + 1.5; the widened filter reaches 4 times its support to either side.
  const centre = (SCALE - 1) / 2;
  const reach = filter.support * SCALE;
  const first = Math.ceil(centre - reach);
  const reduction = normalise(
    Float64Array.from({ length: 2 * reach }, (_, t) => filter.weight((first + t - centre) / SCALE)),
  );

  const weights = new Float64Array(reduction.length + blur.length - 1);
  for (let r = 0; r < reduction.length; r++) {
    for (let b = 0; b < blur.length; b++) weights[r + b] += reduction[r] * blur[b];
  }
  return { first: first - (blur.length - 1) / 2, weights };
}

function normalise(taps: Float64Array): Float64Array {
  const sum = taps.reduce((total, tap) => total + tap, 0);
  return taps.map((tap) => tap / sum);
}
