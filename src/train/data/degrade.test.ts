import { describe, expect, it } from "vitest";
import { createRandom } from "../../base/random.js";
import type { Raster } from "../../image/raster.js";
import { type MildSettings, mildDegradation, mildTraining, mildValidation } from "./degrade.js";

function grey(size: number, level: number): Raster {
  return { width: size, height: size, channels: 3, data: new Uint8Array(size * size * 3).fill(level) };
}

function noise(size: number): Raster {
  const random = createRandom(9);
  return { ...grey(size, 0), data: Uint8Array.from({ length: size * size * 3 }, () => random.integer(256)) };
}

const region = (size: number) => ({ x: 0, y: 0, width: size, height: size });

/** Nothing but what `changes` says. */
const only = (changes: Partial<MildSettings>) =>
  mildDegradation({
    blur: { probability: 0, sigma: [0, 0] },
    noise: { sigma: [0, 0], skew: 1 },
    jpeg: { probability: 0, quality: [90, 90], chromaSubsampling: "4:2:0" },
    ...changes,
  });

describe("mildDegradation", () => {
  it("draws inside the ranges, with the stated probabilities, weak noise more often", () => {
    const random = createRandom(1);
    const draws = Array.from({ length: 4000 }, () => mildDegradation(mildTraining).sample(random));
    const blurs = draws.map((d) => d.blurSigma).filter((sigma) => sigma > 0);
    expect(blurs.length / 4000).toBeCloseTo(mildTraining.blur.probability, 1);
    expect(Math.min(...blurs)).toBeGreaterThanOrEqual(0.2);
    expect(Math.max(...blurs)).toBeLessThanOrEqual(1.4);
    const qualities = draws.flatMap((d) => d.jpegQuality ?? []);
    expect(qualities.length / 4000).toBeCloseTo(mildTraining.jpeg.probability, 1);
    expect(new Set(qualities)).toEqual(new Set(Array.from({ length: 29 }, (_, i) => 70 + i)));
    const noises = draws.map((d) => d.noiseSigma);
    expect(Math.max(...noises)).toBeLessThanOrEqual(6);
    expect(noises.reduce((a, b) => a + b) / 4000).toBeCloseTo(2, 0); // 6 E[u^2] = 2
    expect(noises.filter((sigma) => sigma < 1.5).length / 4000).toBeCloseTo(0.5, 1); // 6 u^2 < 1.5 for u < 1/2
  });

  it("with the validation settings always draws the same", () => {
    const random = createRandom(4);
    for (let i = 0; i < 50; i++) {
      expect(mildDegradation(mildValidation).sample(random)).toEqual({
        blurSigma: 0.8,
        noiseSigma: 2,
        jpegQuality: 85,
      });
    }
  });

  it("adds noise of the stated deviation, after the reduction", async () => {
    const degradation = only({ noise: { sigma: [4, 4], skew: 1 } });
    const random = createRandom(2);
    const { width, data } = await degradation.apply(
      grey(512, 120),
      region(512),
      degradation.sample(random),
      random,
    );
    expect(width).toBe(128);
    const mean = Array.from(data).reduce((a, b) => a + b, 0) / data.length;
    const variance = Array.from(data).reduce((sum, value) => sum + (value - mean) ** 2, 0) / data.length;
    expect(mean).toBeCloseTo(120, 1);
    expect(Math.abs(Math.sqrt(variance - 1 / 12) - 4)).toBeLessThan(0.05); // 1/12: rounding to 8 bits
  });

  it("clips instead of wrapping around", async () => {
    const degradation = only({ noise: { sigma: [6, 6], skew: 1 } });
    const random = createRandom(2);
    const white = await degradation.apply(grey(64, 255), region(64), degradation.sample(random), random);
    expect(Math.min(...white.data)).toBeGreaterThan(200);
    expect(white.data).toContain(255);
  });

  it("blurs", async () => {
    const energy = async (sigma: number) => {
      const degradation = only({ blur: { probability: 1, sigma: [sigma, sigma] } });
      const random = createRandom(2);
      const { data } = await degradation.apply(noise(64), region(64), degradation.sample(random), random);
      return Array.from(data).reduce((sum, value) => sum + (value - 127.5) ** 2, 0);
    };
    expect(await energy(1.4)).toBeLessThan(0.8 * (await energy(0)));
  });

  it("is determined by the random stream", async () => {
    const run = async (seed: number) => {
      const degradation = mildDegradation(mildTraining);
      const random = createRandom(seed);
      return degradation.apply(noise(64), region(64), degradation.sample(random), random);
    };
    expect(await run(5)).toEqual(await run(5));
    expect((await run(5)).data).not.toEqual((await run(6)).data);
  });
});
