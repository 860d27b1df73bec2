/**
 * The 8-bit bilinear resize of Pillow, level for level: a triangle widened when shrinking, one pass along x
 * and one along y, each with weights in 22-bit fixed point and its result rounded to a whole level. Networks
 * that were trained behind that resize are given just these pixels; `resizePlanar` in floats differs from it
 * by a level here and there.
 */

const FRACTION_BITS = 22;

/**
 * Resizes 8-bit levels by the bicubic of `resize`, in whole numbers.
 * @param data interleaved, `width * height * channels` levels
 * @returns the same at the new size
 */
export function resizeBytes(
  data: Uint8Array,
  from: { readonly width: number; readonly height: number; readonly channels: number },
  to: { readonly width: number; readonly height: number },
): Uint8Array {
  const { width, height, channels } = from;
  const across = resizeAxis(data, height, width, channels, to.width);
  return resizeAxis(across, 1, height, to.width * channels, to.height);
}

/** Resizes the middle axis of [outer, side, inner]. */
function resizeAxis(
  data: Uint8Array,
  outer: number,
  side: number,
  inner: number,
  newSide: number,
): Uint8Array {
  if (side === newSide) return data;
  const reads = Array.from({ length: newSide }, (_, i) => fixedTaps(side, newSide, i));
  const out = new Uint8Array(outer * newSide * inner);
  const sums = new Float64Array(inner);
  for (let n = 0, at = 0; n < outer; n++) {
    for (const { first, weights } of reads) {
      sums.fill(0.5);
      for (let k = 0; k < weights.length; k++) {
        const weight = weights[k]!;
        const row = (n * side + first + k) * inner;
        for (let j = 0; j < inner; j++) sums[j]! += weight * data[row + j]!;
      }
      // Writing cuts off the fraction, and half a level was there from the start: this rounds.
      for (let j = 0; j < inner; j++) out[at + j] = sums[j]!;
      at += inner;
    }
  }
  return out;
}

/**
 * Returns what output value `i` reads; the weights are whole multiples of 2^-22, so sums of products are
 * exact.
 */
function fixedTaps(from: number, to: number, i: number): { first: number; weights: number[] } {
  const ratio = from / to;
  const stretch = Math.max(1, ratio);
  const centre = (i + 0.5) * ratio;
  const first = Math.max(0, Math.floor(centre - stretch + 0.5));
  const end = Math.min(from, Math.floor(centre + stretch + 0.5));
  const raw = Array.from({ length: end - first }, (_, k) =>
    Math.max(0, 1 - Math.abs((first + k - centre + 0.5) / stretch)),
  );
  const total = raw.reduce((a, b) => a + b, 0);
  const unit = 2 ** FRACTION_BITS;
  return { first, weights: raw.map((w) => Math.floor((w / total) * unit + 0.5) / unit) };
}
