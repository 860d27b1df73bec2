/** The SAM-noise as the paper prints it, a map of noise for each mask, to compare `noise.ts` with. */
import type { Variant } from "../diffusion/index.js";
import type { MaskSet } from "./masks.js";
import { standardisation } from "./noise.js";
import { LANES, noiseRows } from "./noise-rows.js";

/** The last counter word, another than that of noise by coverage; the low 24 bits count masks. */
const LITERAL_DOMAIN = 0x4c000000;

/**
 * Equations 5 and 6 as they are printed: M independent maps of noise, each cut out by its mask, added up
 * (`release`: and divided by the coverage), then equation 7. Slow, and only for comparison: `createNoise`
 * has the same distribution.
 *
 * @returns [C, H, W]
 */
export function literalNoise(
  set: MaskSet,
  options: { seed: number; channels: number; variant?: Variant },
): Float32Array {
  const { width, height, masks } = set;
  const { seed, channels, variant = "paper" } = options;
  const plane = width * height;
  const out = new Float32Array(channels * plane);
  const coverage = new Float32Array(plane);
  masks.forEach((mask, m) => {
    for (let p = 0; p < plane; p++) coverage[p] += mask[p];
    const rows = noiseRows({ seed, domain: LITERAL_DOMAIN | (m & 0xffffff), width });
    for (let first = 0; first < channels; first += LANES) {
      for (let y = 0; y < height; y++) {
        rows.draw(first / LANES, y, 0, width);
        for (let c = first; c < Math.min(first + LANES, channels); c++) {
          const row = rows.values(c - first);
          for (let x = 0; x < width; x++) out[c * plane + y * width + x] += mask[y * width + x] * row[x];
        }
      }
    }
  });
  if (variant === "release") {
    for (let i = 0; i < out.length; i++) out[i] /= Math.max(coverage[i % plane], 1);
  }
  const sums = new Float64Array(channels);
  const squares = new Float64Array(channels);
  for (let i = 0; i < out.length; i++) {
    const c = Math.floor(i / plane);
    sums[c] += out[i];
    squares[c] += out[i] * out[i];
  }
  const mean = new Float64Array(channels);
  const deviation = new Float64Array(channels).fill(1);
  standardisation(sums, squares, plane, variant, mean, deviation);
  return out.map((value, i) => (value - mean[Math.floor(i / plane)]) / deviation[Math.floor(i / plane)]);
}
