import { describe, expect, it } from "vitest";
import { withBackground } from "../../test/fixtures/masks.js";
import { maxDifference } from "../../test/shared.js";
import {
  type Coverage,
  coverageOf,
  coverBackground,
  createNoise,
  createNoiseAsync,
  emptyCoverage,
  literalNoise,
  type MaskSet,
} from "./index.js";

const variants = ["paper", "release"] as const;

/** Nested squares: coverage 0 to 3 in sizable parts. */
function nestedMasks(size: number): MaskSet {
  const masks = [0.9, 0.7, 0.45].map((share) =>
    Uint8Array.from({ length: size * size }, (_, p) =>
      p % size < share * size && Math.floor(p / size) < share * size ? 1 : 0,
    ),
  );
  return { width: size, height: size, masks };
}

function moments(values: number[]) {
  const n = values.length;
  const mean = values.reduce((s, v) => s + v, 0) / n;
  const central = (k: number) => values.reduce((s, v) => s + (v - mean) ** k, 0) / n;
  return { mean, variance: central(2), kurtosis: central(4) / central(2) ** 2 };
}

/** Two-sample Kolmogorov-Smirnov distance. */
function distance(a: number[], b: number[]): number {
  a.sort((x, y) => x - y);
  b.sort((x, y) => x - y);
  let [i, j, largest] = [0, 0, 0];
  while (i < a.length && j < b.length) {
    if (a[i] <= b[j]) i++;
    else j++;
    largest = Math.max(largest, Math.abs(i / a.length - j / b.length));
  }
  return largest;
}

describe("the closed form and the literal one have the same distribution", () => {
  const size = 96;
  const channels = 8;
  it.each(variants)("%s: mean, variance, kurtosis and Kolmogorov-Smirnov at each coverage", (variant) => {
    const masks = variant === "release" ? withBackground(nestedMasks(size)) : nestedMasks(size);
    const coverage = coverageOf(masks);
    const literal = literalNoise(masks, { seed: 3, channels, variant });
    const closed = createNoise({ seed: 4, width: size, height: size, channels, coverage, variant }).fill(
      0,
      0,
      size,
      size,
    );
    for (let c = 1; c <= 3; c++) {
      const at = (noise: Float32Array) =>
        Array.from(noise).filter((_, i) => coverage.counts[i % size ** 2] === c);
      const [a, b] = [at(literal), at(closed)];
      const n = a.length;
      const [ma, mb] = [moments(a), moments(b)];
      expect(n).toBeGreaterThan(5000);
      // Four standard errors of a difference of two estimates.
      expect(Math.abs(ma.mean - mb.mean)).toBeLessThan(4 * Math.sqrt((2 * ma.variance) / n));
      expect(Math.abs(ma.variance / mb.variance - 1)).toBeLessThan(4 * Math.sqrt(4 / n));
      expect(Math.abs(ma.kurtosis - 3)).toBeLessThan(4 * Math.sqrt(24 / n));
      expect(Math.abs(mb.kurtosis - 3)).toBeLessThan(4 * Math.sqrt(24 / n));
      expect(distance(a, b)).toBeLessThan(1.95 * Math.sqrt(2 / n)); // the 99.9 % point
    }
  });

  it("tilts with the coverage as sqrt(c), and for the release as 1 / sqrt(c)", () => {
    const coverage = coverageOf(withBackground(nestedMasks(size)));
    for (const variant of variants) {
      const noise = createNoise({ seed: 1, width: size, height: size, channels, coverage, variant }).fill(
        0,
        0,
        size,
        size,
      );
      const variance = (c: number) =>
        moments(Array.from(noise).filter((_, i) => coverage.counts[i % size ** 2] === c)).variance;
      const ratio = variance(3) / variance(1);
      expect(ratio).toBeGreaterThan(variant === "paper" ? 2.8 : 0.31);
      expect(ratio).toBeLessThan(variant === "paper" ? 3.2 : 0.36);
    }
  });
});

describe("standardisation", () => {
  const coverage = coverageOf(nestedMasks(20));
  const options = { seed: 9, width: 20, height: 20, channels: 11, coverage };
  const all = (values: Float32Array) => moments(Array.from(values));

  it("is over all values in the paper, unbiased and over each channel in the release", () => {
    const paper = all(createNoise(options).fill(0, 0, 20, 20));
    expect(paper.mean).toBeCloseTo(0, 6);
    expect(paper.variance).toBeCloseTo(1, 5);
    const release = createNoise({ ...options, variant: "release" }).fill(0, 0, 20, 20);
    for (let c = 0; c < 11; c++) {
      const { mean, variance } = all(release.subarray(c * 400, (c + 1) * 400));
      expect(mean).toBeCloseTo(0, 6);
      expect((variance * 400) / 399).toBeCloseTo(1, 5);
    }
  });

  it("leaves the paper's constant where no mask covers, and noise there in the release", () => {
    const at = (noise: Float32Array) => Array.from(noise).filter((_, i) => coverage.counts[i % 400] === 0);
    const noise = createNoise(options);
    const bare = at(noise.fill(0, 0, 20, 20));
    const constant = Math.fround(-noise.mean[0] * (1 / noise.deviation[0]));
    expect(bare.length).toBeGreaterThan(100);
    for (const value of bare) expect(value).toBeCloseTo(constant, 6);
    const release = createNoise({ ...options, coverage: coverBackground(coverage), variant: "release" });
    expect(moments(at(release.fill(0, 0, 20, 20))).variance).toBeGreaterThan(0.8);
  });

  it.each(variants)(
    "%s: no mask at all, one mask over all and one-pixel images give usable noise",
    (variant) => {
      const everywhere: Coverage = { width: 20, height: 20, counts: new Uint16Array(400).fill(1) };
      const none = createNoise({ ...options, coverage: emptyCoverage(20, 20), variant }).fill(0, 0, 20, 20);
      const one = createNoise({ ...options, coverage: everywhere, variant }).fill(0, 0, 20, 20);
      expect(all(none).variance).toBeCloseTo(1, 1);
      expect(none).toEqual(one);
      for (const counts of [0, 1, 5]) {
        const pixel: Coverage = { width: 1, height: 1, counts: Uint16Array.of(counts) };
        const noise = createNoise({ seed: 2, width: 1, height: 1, channels: 3, coverage: pixel, variant });
        const values = noise.fill(-2, -2, 5, 5);
        expect(values.every(Number.isFinite)).toBe(true);
        expect(new Set(values.subarray(0, 25)).size).toBe(1);
      }
      const nothing = literalNoise({ width: 3, height: 3, masks: [] }, { seed: 1, channels: 2, variant });
      expect(nothing.every((value) => value === 0)).toBe(true);
    },
  );
});

describe("addresses", () => {
  const coverage = coverageOf(nestedMasks(30));
  const options = { seed: 5, width: 30, height: 30, channels: 10, coverage };
  const whole = createNoise(options).fill(0, 0, 30, 30);

  it("gives a pixel the same value in every window", () => {
    const noise = createNoise(options);
    for (const [x0, y0, w, h] of [
      [0, 0, 30, 30],
      [3, 7, 5, 6],
      [29, 29, 1, 1],
      [-4, -2, 40, 36],
      [20, 25, 50, 70],
    ]) {
      const window = noise.fill(x0, y0, w, h);
      // numpy's "reflect", spelled out: walk to and fro.
      const mirror = (i: number) => {
        let at = Math.abs(i);
        while (at > 29) at = Math.abs(58 - at);
        return at;
      };
      const expected = Float32Array.from(
        { length: 10 * w * h },
        (_, i) =>
          whole[
            Math.floor(i / (w * h)) * 900 + mirror(y0 + (Math.floor(i / w) % h)) * 30 + mirror(x0 + (i % w))
          ],
      );
      expect(window).toEqual(expected);
    }
  });

  it("depends on the seed, the stream, and not on how it was made", async () => {
    expect(createNoise(options).fill(0, 0, 30, 30)).toEqual(whole);
    expect((await createNoiseAsync(options)).fill(0, 0, 30, 30)).toEqual(whole);
    expect(maxDifference(createNoise({ ...options, seed: 6 }).fill(0, 0, 30, 30), whole)).toBeGreaterThan(1);
    expect(maxDifference(createNoise({ ...options, stream: 1 }).fill(0, 0, 30, 30), whole)).toBeGreaterThan(
      1,
    );
  });

  it("has channels and neighbours that do not resemble each other", () => {
    const plane = (c: number) => whole.subarray(c * 900, (c + 1) * 900);
    const correlation = (a: Float32Array, b: Float32Array) =>
      a.reduce((s, v, i) => s + v * b[i], 0) / a.length;
    for (let c = 1; c < 10; c++) expect(Math.abs(correlation(plane(0), plane(c)))).toBeLessThan(0.2);
    expect(Math.abs(correlation(whole.subarray(1), whole.subarray(0, -1)))).toBeLessThan(0.1);
  });

  it("is plain Gaussian noise without a coverage", () => {
    const noise = createNoise({ seed: 5, width: 64, height: 64, channels: 9 });
    const { mean, variance, kurtosis } = moments(Array.from(noise.fill(0, 0, 64, 64)));
    expect(Array.from(noise.deviation)).toEqual(new Array(9).fill(1));
    expect(Math.abs(mean)).toBeLessThan(0.025);
    expect(Math.abs(variance - 1)).toBeLessThan(0.035);
    expect(Math.abs(kurtosis - 3)).toBeLessThan(0.12);
  });

  it("refuses a coverage of another size, and can be aborted", async () => {
    expect(() => createNoise({ ...options, width: 31 })).toThrow(/31 x 30; got 30 x 30/);
    const big = { seed: 1, width: 2000, height: 2000, channels: 48, coverage: emptyCoverage(2000, 2000) };
    await expect(createNoiseAsync(big, AbortSignal.timeout(30))).rejects.toThrow(/timeout|abort/i);
  });
});
