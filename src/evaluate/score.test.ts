import { describe, expect, it } from "vitest";
import { createRandom } from "../base/random.js";
import { createRaster, type Raster } from "../image/raster.js";
import type { ValidationPair } from "../train/data/validation.js";
import { createMeasurer } from "./measurer.js";
import { psnrY, ssimY } from "./metrics/index.js";
import { type EnlargeMethod, type MethodScore, pairedDifference, rank, scoreMethods } from "./score.js";

const SIDE = 32;

function noisy(seed: number): Raster {
  const random = createRandom(seed);
  const raster = createRaster(SIDE, SIDE, 3);
  for (let i = 0; i < raster.data.length; i++) raster.data[i] = 60 + random.integer(100);
  return raster;
}

/** Pairs whose small picture is a marker only: the methods below look up the original by it. */
function pairsOf(count: number): ValidationPair[] {
  return Array.from({ length: count }, (_, i) => {
    const lq = createRaster(SIDE / 4, SIDE / 4, 3);
    lq.data[0] = i;
    return { name: `${i}.png`, hr: noisy(i + 1), lq };
  });
}

/** Every level of the original raised by `offset(photo)`. */
const brighter =
  (pairs: readonly ValidationPair[], offset: (photo: number) => number): EnlargeMethod =>
  async ({ data: [photo] }) => {
    const { hr } = pairs[photo];
    return { ...hr, data: hr.data.map((value) => value + offset(photo)) as Uint8Array };
  };

/** PSNR(Y) of a constant offset: 219/255 of it in luma. */
const psnrOfOffset = (offset: number) => 20 * Math.log10(255 / ((219 / 255) * offset));

describe("pairedDifference", () => {
  it("is the mean of the differences, with the standard error of that mean", () => {
    // Differences 1, 2, 6: mean 3, deviation sqrt((4 + 1 + 9) / 2) = sqrt 7, over sqrt 3.
    const { mean, standardError } = pairedDifference([11, 32, 26], [10, 30, 20]);
    expect(mean).toBeCloseTo(3, 12);
    expect(standardError).toBeCloseTo(Math.sqrt(7 / 3), 12);
  });

  it("does not see how much the photos differ among themselves", () => {
    expect(pairedDifference([21, 31, 41], [20, 30, 40])).toEqual({ mean: 1, standardError: 0 });
  });

  it("knows no standard error of one photo, nor of an infinite difference", () => {
    expect(pairedDifference([3], [1])).toEqual({ mean: 2, standardError: Number.NaN });
    const infinite = pairedDifference([Number.POSITIVE_INFINITY, 30], [25, 29]);
    expect(infinite).toEqual({ mean: Number.POSITIVE_INFINITY, standardError: Number.NaN });
  });

  it("counts two infinite values as equal", () => {
    const both = [Number.POSITIVE_INFINITY, 30];
    expect(pairedDifference(both, both)).toEqual({ mean: 0, standardError: 0 });
  });
});

describe("scoreMethods", async () => {
  const measurer = await createMeasurer({ metrics: ["psnr", "ssim"] });
  const pairs = pairsOf(3);
  const methods = new Map<string, EnlargeMethod>([
    ["base", brighter(pairs, (photo) => [4, 8, 16][photo])],
    ["half", brighter(pairs, (photo) => [2, 4, 8][photo])],
    ["perfect", brighter(pairs, () => 0)],
    ["worse", brighter(pairs, (photo) => [5, 30, 17][photo])],
  ]);

  it("scores each photo by the metrics, and ranks the best first", async () => {
    const scores = await scoreMethods(pairs, methods, { measurer, baseline: "base" });
    expect(scores.map(({ method }) => method)).toEqual(["perfect", "half", "base", "worse"]);
    const [perfect, half, base, worse] = scores;
    for (const [i, offset] of [4, 8, 16].entries()) {
      expect(base.photos[i].psnr).toBeCloseTo(psnrOfOffset(offset), 6);
    }
    expect(base.mean.psnr).toBeCloseTo(psnrOfOffset(8), 6);
    expect(base.gain).toEqual({
      psnr: { mean: 0, standardError: 0 },
      ssim: { mean: 0, standardError: 0 },
    });
    // Half the error is 6.02 dB on every photo, so there is no doubt about it.
    expect(half.gain.psnr.mean).toBeCloseTo(20 * Math.log10(2), 6);
    expect(half.gain.psnr.standardError).toBeLessThan(1e-6);
    expect(half.gain.ssim.mean).toBeGreaterThan(0);
    expect(perfect.mean).toEqual({ psnr: Number.POSITIVE_INFINITY, ssim: expect.closeTo(1, 9) });
    expect(perfect.gain.psnr.mean).toBe(Number.POSITIVE_INFINITY);
    expect(Number.isFinite(perfect.gain.ssim.standardError)).toBe(true);
    expect(worse.gain.psnr.mean).toBeLessThan(0);
  });

  it("hands out every photo's results", async () => {
    const seen: string[] = [];
    await scoreMethods(pairs, methods, {
      ...{ measurer, baseline: "base" },
      onPhoto: ({ pair, index, results, scores }) => {
        seen.push(`${index} ${pair.name} ${[...results.keys()].join()}`);
        for (const [name, raster] of results) {
          expect(scores.get(name)).toEqual({ psnr: psnrY(raster, pair.hr), ssim: ssimY(raster, pair.hr) });
        }
      },
    });
    expect(seen).toEqual(pairs.map(({ name }, i) => `${i} ${name} base,half,perfect,worse`));
  });

  it("refuses a baseline that is not there, and results of another size", async () => {
    await expect(scoreMethods(pairs, methods, { measurer, baseline: "none" })).rejects.toThrow(
      /none is not among/,
    );
    const small = new Map([["base", async (lq: Raster) => lq]]);
    await expect(scoreMethods(pairs, small, { measurer, baseline: "base" })).rejects.toThrow(/8x8.*32x32/);
  });
});

describe("rank", () => {
  it("goes by PSNR, then by SSIM, then by the order given", () => {
    const score = (method: string, psnr: number, ssim: number) =>
      ({ method, mean: { psnr, ssim }, gain: {}, photos: [] }) satisfies MethodScore;
    const infinity = Number.POSITIVE_INFINITY;
    const given = [
      score("a", 25, 0.7),
      score("b", infinity, 1),
      score("c", 25, 0.8),
      score("d", infinity, 1),
      score("e", 26, 0.1),
    ];
    expect(rank(given, ["psnr", "ssim"]).map(({ method }) => method)).toEqual(["b", "d", "e", "c", "a"]);
    // Of NIQE less is better.
    const niqe = [4, 3, 5].map((value) => ({
      method: `${value}`,
      mean: { niqe: value },
      gain: {},
      photos: [],
    }));
    expect(rank(niqe, ["niqe"]).map(({ method }) => method)).toEqual(["3", "4", "5"]);
  });
});
