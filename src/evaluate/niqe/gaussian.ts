/** Multivariate Gaussians: their fit to rows of numbers, and how far two of them lie apart. */

export interface Gaussian {
  readonly mean: Float64Array;
  /** The covariance [d, d], row by row. */
  readonly covariance: Float64Array;
}

/** Computes mean and unbiased covariance of the rows that hold no NaN; undefined when fewer than two do. */
export function fitGaussian(rows: readonly Float64Array[]): Gaussian | undefined {
  const whole = rows.filter((row) => row.every(Number.isFinite));
  if (whole.length < 2) return undefined;
  const d = whole[0].length;
  const mean = new Float64Array(d);
  for (const row of whole) for (let i = 0; i < d; i++) mean[i] += row[i] / whole.length;
  const covariance = new Float64Array(d * d);
  for (const row of whole) {
    for (let i = 0; i < d; i++) {
      for (let j = 0; j < d; j++) {
        covariance[i * d + j] += ((row[i] - mean[i]) * (row[j] - mean[j])) / (whole.length - 1);
      }
    }
  }
  return { mean, covariance };
}

/**
 * Computes sqrt(d^T C^+ d) for the difference d of the means and the pseudo-inverse of the mean covariance C.
 */
export function distance(a: Gaussian, b: Gaussian): number {
  const d = a.mean.length;
  const difference = a.mean.map((v, i) => v - b.mean[i]);
  const shared = a.covariance.map((v, i) => (v + b.covariance[i]) / 2);
  const { values, vectors } = eigen(shared, d);
  const largest = values.reduce((m, v) => Math.max(m, Math.abs(v)), 0);
  // As numpy and MATLAB decide which directions have no extent.
  const smallest = largest * 1e-15 * d;
  let sum = 0;
  for (let k = 0; k < d; k++) {
    if (Math.abs(values[k]) <= smallest) continue;
    let along = 0;
    for (let i = 0; i < d; i++) along += vectors[i * d + k] * difference[i];
    sum += along ** 2 / values[k];
  }
  return Math.sqrt(Math.max(0, sum));
}

/**
 * Eigenvalues and vectors (columns) of a symmetric matrix by Jacobi's rotations (Golub and Van Loan, Matrix
 * Computations, section 8.5): each one makes a pair of entries beside the diagonal zero.
 */
export function eigen(symmetric: Float64Array, d: number): { values: Float64Array; vectors: Float64Array } {
  const a = symmetric.slice();
  const vectors = Float64Array.from({ length: d * d }, (_, i) => (i % (d + 1) === 0 ? 1 : 0));
  const scale = Math.hypot(...a);
  for (let sweep = 0; sweep < 60; sweep++) {
    let rest = 0;
    for (let p = 0; p < d; p++) for (let q = 0; q < p; q++) rest += a[p * d + q] ** 2;
    if (Math.sqrt(rest) <= 1e-15 * scale) break;
    for (let p = 0; p < d; p++) for (let q = p + 1; q < d; q++) rotate(a, vectors, d, p, q);
  }
  return { values: Float64Array.from({ length: d }, (_, i) => a[i * d + i]), vectors };
}

function rotate(a: Float64Array, vectors: Float64Array, d: number, p: number, q: number): void {
  const off = a[p * d + q];
  if (off === 0) return;
  const theta = (a[q * d + q] - a[p * d + p]) / (2 * off);
  const t = (theta >= 0 ? 1 : -1) / (Math.abs(theta) + Math.hypot(theta, 1));
  const c = 1 / Math.hypot(t, 1);
  const s = t * c;
  const turn = (m: Float64Array, i: number, j: number) => {
    const [x, y] = [m[i], m[j]];
    m[i] = c * x - s * y;
    m[j] = s * x + c * y;
  };
  for (let i = 0; i < d; i++) turn(a, i * d + p, i * d + q);
  for (let i = 0; i < d; i++) turn(a, p * d + i, q * d + i);
  for (let i = 0; i < d; i++) turn(vectors, i * d + p, i * d + q);
}
