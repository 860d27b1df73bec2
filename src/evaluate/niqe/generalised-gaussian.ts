/**
 * The asymmetric generalised Gaussian distribution, with density proportional to exp(-(|x| / beta)^alpha),
 * beta being one of two for the negative and the positive side. Fitted by moments: Lasmar, Stitou,
 * Berthoumieu, "Multiscale skewed heavy tailed model for texture analysis", ICIP 2009. Natural pictures
 * follow it closely once local mean and contrast are taken out, and damaged ones leave it, which is what NIQE
 * measures.
 */

interface AsymmetricFit {
  /** Shape: 2 is a Gaussian, 1 a Laplacian. */
  readonly alpha: number;
  /** Scale of the negative side. */
  readonly left: number;
  /** Scale of the positive side. */
  readonly right: number;
}

/** Shapes that are tried: 0.2 to 10 in thousandths, as in the published NIQE. */
const SHAPES = Float64Array.from({ length: 9801 }, (_, i) => 0.2 + i / 1000);

/** Gamma(2/a)^2 / (Gamma(1/a) Gamma(3/a)), which grows with the shape a. */
const RATIOS = SHAPES.map((a) => Math.exp(2 * logGamma(2 / a) - logGamma(1 / a) - logGamma(3 / a)));

/**
 * Fits an asymmetric distribution; a sample without values on one side, or of zeros alone, has no fit: its
 * numbers are NaN.
 */
export function fitAsymmetric(values: Float64Array): AsymmetricFit {
  let negative = 0;
  let positive = 0;
  let [negatives, positives, absolute] = [0, 0, 0];
  for (const x of values) {
    absolute += Math.abs(x);
    if (x < 0) {
      negative += x * x;
      negatives++;
    } else if (x > 0) {
      positive += x * x;
      positives++;
    }
  }
  const leftDeviation = Math.sqrt(negative / negatives);
  const rightDeviation = Math.sqrt(positive / positives);
  const skew = leftDeviation / rightDeviation;
  const peaked = (absolute / values.length) ** 2 / ((negative + positive) / values.length);
  const ratio = (peaked * (skew ** 3 + 1) * (skew + 1)) / (skew ** 2 + 1) ** 2;
  if (!Number.isFinite(ratio)) return { alpha: Number.NaN, left: Number.NaN, right: Number.NaN };
  const alpha = SHAPES[nearest(RATIOS, ratio)];
  const scale = Math.exp((logGamma(1 / alpha) - logGamma(3 / alpha)) / 2);
  return { alpha, left: leftDeviation * scale, right: rightDeviation * scale };
}

/** Returns the mean of the distribution: (right - left) Gamma(2/alpha) / Gamma(1/alpha). */
export function meanOfFit({ alpha, left, right }: AsymmetricFit): number {
  return (right - left) * Math.exp(logGamma(2 / alpha) - logGamma(1 / alpha));
}

/** Returns the index of the entry nearest to `value` in a rising table. */
function nearest(table: Float64Array, value: number): number {
  let [low, high] = [0, table.length - 1];
  while (high - low > 1) {
    const middle = (low + high) >> 1;
    if (table[middle] < value) low = middle;
    else high = middle;
  }
  return Math.abs(table[low] - value) <= Math.abs(table[high] - value) ? low : high;
}

/**
 * Computes ln Gamma(x) for x > 0: Stirling's series, after the recurrence has carried x to where seven terms
 * give 15 digits (Abramowitz and Stegun, 6.1.41 and 6.1.15).
 */
export function logGamma(x: number): number {
  let shift = 0;
  let z = x;
  for (; z < 10; z++) shift += Math.log(z);
  const w = 1 / (z * z);
  const series =
    (1 / 12 -
      w * (1 / 360 - w * (1 / 1260 - w * (1 / 1680 - w * (1 / 1188 - w * (691 / 360360 - w / 156)))))) /
    z;
  return (z - 0.5) * Math.log(z) - z + 0.5 * Math.log(2 * Math.PI) + series - shift;
}
