/**
 * The SAM-noise (equations 5 to 7): noise whose strength follows the semantics.
 *
 * The paper draws one map of Gaussian noise for each mask, cuts each map out with its mask, adds them up and
 * standardises the sum. The maps are independent, so at a pixel that c masks cover the sum is exactly sqrt(c)
 * N(0, 1), independent of all other pixels. The released code divides the sum by c, which leaves N(0, 1) /
 * sqrt(c): the opposite tilt. Either way the masks matter only through c, one normal a value is enough, and M
 * maps need never exist. `literal-noise.ts` keeps the long form, to compare with.
 *
 * Every normal has an address: (seed, stream, channel, y, x) goes through a counter-based generator. So a
 * window can be made anywhere at any time, tiles agree where they overlap, and the result depends on seed and
 * image only. What is not local is the mean and deviation of equation 7; one pass over the image finds them,
 * row by row, and keeps nothing else.
 */
import { SamsrError } from "../base/errors.js";
import type { Variant } from "../diffusion/index.js";
import { reflect, reflections } from "../image/raster.js";
import { type Coverage, type CoveragePart, largestCount } from "./coverage.js";
import { LANES, noiseRows } from "./noise-rows.js";

/** The last counter word; the low 24 bits count streams. */
const NOISE_DOMAIN = 0x4e000000;

/** The released code's smallest deviation; it divides by nothing smaller. */
const SMALLEST_DEVIATION = 1e-6;

export interface NoiseOptions {
  /** An integer up to 2^53. */
  readonly seed: number;
  readonly width: number;
  readonly height: number;
  /** The channels of the noise: 3 for latents, 48 for pixels after space-to-depth(4). */
  readonly channels: number;
  /**
   * The coverage of the same size; left out: plain Gaussian noise, not standardised, as SinSR and ResShift
   * take it.
   */
  readonly coverage?: Coverage;
  /**
   * Whose equations: the paper's, or those of the released code, where also no mask is a mask; default
   * "paper".
   */
  readonly variant?: Variant;
  /**
   * Independent noise with the same seed, 0..2^24-1, e.g. for each timestep of a stochastic chain; default 0.
   */
  readonly stream?: number;
}

/** Noise of unit variance over an image, to be asked for window by window. */
export interface Noise {
  readonly channels: number;
  readonly width: number;
  readonly height: number;
  /** The mean that equation 7 takes off, one for each channel; 0 and 1 for plain noise. */
  readonly mean: Float64Array;
  readonly deviation: Float64Array;
  /**
   * Returns the noise of the window that starts at column x0 and row y0, as [C, h, w]. The same pixel has the
   * same value in every window. Past the border, pixels are reflected (without repeating the edge), as the
   * image's padding is.
   * @param out receives it, where the caller has room for C h w values already
   */
  fill(x0: number, y0: number, width: number, height: number, out?: Float32Array): Float32Array;
}

/**
 * Creates the SAM-noise of an image from its coverage alone, or plain Gaussian noise where there is no
 * coverage.
 *
 * `paper`: sqrt(c) N(0, 1), standardised by one mean and one deviation over all values (equation 7). A pixel
 * that no mask covers gets the constant -mean / deviation, close to 0. An image that no mask covers gets
 * plain noise, standardised: equation 7 would divide 0 by 0. `release`: N(0, 1) / sqrt(max(c, 1)),
 * standardised in each channel (unbiased deviation, at least 1e-6). A single value is left as it is: it has
 * no deviation.
 *
 * With a coverage this walks the whole image at once, some 3 ns a value. Where that must not block, use
 * {@link createNoiseAsync}.
 *
 * @throws SamsrError when the coverage has another size
 */
export function createNoise(options: NoiseOptions): Noise {
  const work = prepareNoise(options);
  let step = work.next();
  while (!step.done) step = work.next();
  return step.value;
}

/**
 * Does what {@link createNoise} does, but yields to the event loop every few milliseconds and can be aborted.
 */
export async function createNoiseAsync(
  options: NoiseOptions,
  signal?: Pick<AbortSignal, "throwIfAborted">,
): Promise<Noise> {
  const work = prepareNoise(options);
  let pause = performance.now() + 10;
  let step = work.next();
  while (!step.done) {
    if (performance.now() > pause) {
      await new Promise((resolve) => setTimeout(resolve));
      signal?.throwIfAborted();
      pause = performance.now() + 10;
    }
    step = work.next();
  }
  return step.value;
}

/** Yields after every row of a channel group; returns the noise. */
function* prepareNoise(options: NoiseOptions): Generator<void, Noise> {
  const { seed, width, height, channels, coverage, variant = "paper", stream = 0 } = options;
  if (coverage && (coverage.width !== width || coverage.height !== height)) {
    throw new SamsrError(
      `the coverage must have the image's size, ${width} x ${height}; got ${coverage.width} x ` +
        `${coverage.height}`,
    );
  }
  const factorsOf = coverage && factorsBy(coverage, variant);
  const rows = noiseRows({ seed, domain: NOISE_DOMAIN | (stream & 0xffffff), width, factorsOf });
  const plane = width * height;
  const mean = new Float64Array(channels);
  const deviation = new Float64Array(channels).fill(1);

  if (coverage) {
    const sums = new Float64Array(channels);
    const squares = new Float64Array(channels);
    for (let first = 0; first < channels; first += LANES) {
      const count = Math.min(LANES, channels - first);
      for (let y = 0; y < height; y++) {
        rows.draw(first / LANES, y, 0, width);
        const moments = rows.moments();
        for (let lane = 0; lane < count; lane++) {
          sums[first + lane] += moments[lane];
          squares[first + lane] += moments[LANES + lane];
        }
        yield;
      }
    }
    standardisation(sums, squares, plane, variant, mean, deviation);
  }

  function fill(
    x0: number,
    y0: number,
    w: number,
    h: number,
    out = new Float32Array(channels * w * h),
  ): Float32Array {
    const columns = reflections(x0, w, width);
    // Of the columns that are asked for, the stretch that has to be made.
    const left = columns.reduce((a, b) => Math.min(a, b), width);
    const right = columns.reduce((a, b) => Math.max(a, b), 0) + 1;
    const straight = left === x0 && right === x0 + w;
    for (let first = 0; first < channels; first += LANES) {
      const count = Math.min(LANES, channels - first);
      for (let y = 0; y < h; y++) {
        rows.draw(first / LANES, reflect(y0 + y, height), left, right - left);
        for (let lane = 0; lane < count; lane++) {
          const channel = first + lane;
          if (coverage) rows.standardise(lane, mean[channel], 1 / deviation[channel]);
          const made = rows.values(lane);
          const at = (channel * h + y) * w;
          if (straight) out.set(made, at);
          else for (let x = 0; x < w; x++) out[at + x] = made[columns[x] - left];
        }
      }
    }
    return out;
  }

  return { channels, width, height, mean, deviation, fill };
}

/**
 * Makes plain noise [C, h, w] the SAM-noise of a part of a picture, in place. Its deviation over the whole
 * picture, by which equation 7 divides, is the expected one, so nothing of the rest has to be drawn; the mean
 * is 0 but for chance.
 */
export function scaleByCoverage(noise: Float32Array, part: CoveragePart, variant: Variant): void {
  const { counts, largest, means } = part;
  const factors = counts.map((c) => deviationAt(c, largest, variant, means[variant]));
  for (let i = 0; i < noise.length; i++) noise[i] *= factors[i % factors.length];
}

/** Computes mean and deviation of equation 7 from the sums of each channel's values and of their squares. */
export function standardisation(
  sums: Float64Array,
  squares: Float64Array,
  plane: number,
  variant: Variant,
  mean: Float64Array,
  deviation: Float64Array,
): void {
  const channels = sums.length;
  if (variant === "release") {
    if (plane < 2) return;
    for (let c = 0; c < channels; c++) {
      mean[c] = sums[c] / plane;
      const variance = Math.max(squares[c] - sums[c] * mean[c], 0) / (plane - 1);
      deviation[c] = Math.max(Math.sqrt(variance), SMALLEST_DEVIATION);
    }
    return;
  }
  const number = channels * plane;
  if (number < 2) return;
  const add = (a: number, b: number) => a + b;
  const mu = sums.reduce(add, 0) / number;
  const variance = Math.max(squares.reduce(add, 0) / number - mu * mu, 0);
  mean.fill(mu);
  deviation.fill(Math.max(Math.sqrt(variance), SMALLEST_DEVIATION));
}

/**
 * Returns the standard deviation of equation 6's sum, or of the released average, at a pixel that c masks
 * cover, over the root of a variance. In a picture that no mask covers it is 1, so that noise is plain.
 */
function deviationAt(c: number, largest: number, variant: Variant, variance = 1): number {
  if (variant === "release") return 1 / Math.sqrt(Math.max(c, 1) * variance);
  return largest === 0 ? 1 : Math.sqrt(c / variance);
}

/** Returns what writes {@link deviationAt} of each of some pixels of a row. */
function factorsBy(
  { counts, width }: Coverage,
  variant: Variant,
): (y: number, x: number, out: Float64Array) => void {
  const largest = largestCount(counts);
  const table = Float64Array.from({ length: largest + 1 }, (_, c) => deviationAt(c, largest, variant));
  return (y, x, out) => {
    for (let i = 0, at = y * width + x; i < out.length; i++, at++) out[i] = table[counts[at]];
  };
}
