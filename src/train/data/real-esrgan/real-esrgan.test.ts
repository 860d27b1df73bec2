import { describe, expect, it } from "vitest";
import { createRandom } from "../../../base/random.js";
import { createRaster, reflect } from "../../../image/raster.js";
import { gaussianTaps } from "../kernel.js";
import { orient } from "../orient.js";
import { realEsrganDegradation } from "./degrade.js";
import { besselJ1, blurKernel, drawKernel, FAMILIES, type KernelParameters } from "./kernels.js";
import { addNoise, drawPoisson } from "./noise.js";
import { blur, type RgbPlanes, resized } from "./planes.js";
import { REAL_ESRGAN } from "./settings.js";

const uniforms = (count: number, seed: number) => {
  const random = createRandom(seed);
  return Float32Array.from({ length: count }, () => random.next());
};
const picture = (width: number, height: number, seed = 1): RgbPlanes => ({
  width,
  height,
  data: uniforms(3 * width * height, seed),
});
const flat = (value: number, side = 64): RgbPlanes => ({
  width: side,
  height: side,
  data: new Float32Array(3 * side * side).fill(value),
});
const moments = (values: ArrayLike<number>) => {
  const list = Array.from(values);
  const mean = list.reduce((a, b) => a + b, 0) / list.length;
  return { mean, variance: list.reduce((a, b) => a + (b - mean) ** 2, 0) / list.length };
};

describe("kernels", () => {
  it("J1 is right where it is known", () => {
    expect(besselJ1(0)).toBeCloseTo(0, 14);
    expect(besselJ1(1)).toBeCloseTo(0.4400505857449335, 13);
    expect(besselJ1(10)).toBeCloseTo(0.04347274616886144, 13);
    expect(besselJ1(90)).toBeCloseTo(0.07992564670886791, 12);
  });

  it("a round Gaussian is the product of two of one dimension", () => {
    const { weights } = blurKernel({ family: "iso", size: 13, sigma: [2, 2], rotation: 0, beta: 1 });
    const taps = gaussianTaps(2);
    weights.forEach((w, i) => expect(w).toBeCloseTo(taps[i % 13] * taps[Math.floor(i / 13)], 7));
  });

  it("every family sums to 1, is the same from both sides, and is widest along its axis", () => {
    for (const family of FAMILIES) {
      const kernel = blurKernel({ family, size: 19, sigma: [3, 1], rotation: Math.PI / 2, beta: 1.5 });
      expect(kernel.weights.reduce((a, b) => a + b)).toBeCloseTo(1, 5);
      kernel.weights.forEach((w, i) => expect(w).toBeCloseTo(kernel.weights[19 * 19 - 1 - i], 7));
      // Turned by a quarter, the first deviation lies along y.
      const at = (x: number, y: number) => kernel.weights[(9 + y) * 19 + 9 + x];
      expect(at(0, 3)).toBeGreaterThan(at(3, 0));
    }
  });

  it("a plateau is flatter on top, and its tail heavier, than the Gaussian of the same deviation", () => {
    const of = (family: "iso" | "plateau-iso") => {
      const beta = family === "iso" ? 1 : 2;
      const { weights } = blurKernel({ family, size: 19, sigma: [2, 2], rotation: 0, beta });
      return [weights[9 * 19 + 10] / weights[9 * 19 + 9], weights[9 * 19 + 18] / weights[9 * 19 + 9]];
    };
    expect(of("plateau-iso")[0]).toBeGreaterThan(of("iso")[0]);
    expect(of("plateau-iso")[1]).toBeGreaterThan(of("iso")[1]);
  });

  it("the low-pass filter lets slow waves through and stops fast ones", () => {
    const { size, weights } = blurKernel({ family: "sinc", size: 21, cutoff: Math.PI / 2 });
    const gain = (frequency: number) =>
      weights.reduce((sum, w, i) => sum + w * Math.cos(frequency * ((i % size) - 10)), 0);
    expect(gain(Math.PI / 4)).toBeGreaterThan(0.9);
    expect(gain(0.8 * Math.PI)).toBeLessThan(0.1);
    expect(Math.min(...weights)).toBeLessThan(0); // or it could not ring
  });

  it("are drawn as often as the settings say, in the published sizes", () => {
    const random = createRandom(5);
    const drawn = Array.from({ length: 4000 }, () => drawKernel(REAL_ESRGAN.first.blur, random));
    const share = (test: (k: KernelParameters) => boolean) => drawn.filter(test).length / drawn.length;
    expect(share(({ family }) => family === "sinc")).toBeCloseTo(0.1, 1);
    expect(share(({ family }) => family === "iso")).toBeCloseTo(0.9 * 0.45, 1);
    expect(share(({ family }) => family === "plateau-iso")).toBeCloseTo(0.9 * 0.12, 1);
    const sizes = new Set(drawn.map(({ size }) => size));
    expect([...sizes].toSorted((a, b) => a - b)).toEqual([3, 5, 7, 9, 11, 13, 15, 17, 19]);
    for (const k of drawn) {
      if (k.family === "sinc") expect(k.cutoff).toBeGreaterThanOrEqual(Math.PI / (k.size < 13 ? 3 : 5));
      else expect(Math.max(...k.sigma)).toBeLessThanOrEqual(3);
    }
  });
});

it("plateaus are of beta 1 half of the time, generalised Gaussians as often below 1 as above", () => {
  const random = createRandom(12);
  const drawn = Array.from({ length: 20_000 }, () => drawKernel(REAL_ESRGAN.first.blur, random));
  const betas = (family: string) =>
    drawn.flatMap((kernel) => (kernel.family !== "sinc" && kernel.family === family ? [kernel.beta] : []));
  const share = (values: number[], test: (beta: number) => boolean) =>
    values.filter(test).length / values.length;
  const plateaus = betas("plateau-iso");
  expect(share(plateaus, (beta) => beta === 1)).toBeCloseTo(0.5, 1);
  expect(plateaus.every((beta) => beta >= 1 && beta <= 2)).toBe(true);
  expect(share(betas("generalised-iso"), (beta) => beta < 1)).toBeCloseTo(0.5, 1);
});

describe("planes", () => {
  it("blur is the correlation with reflected edges", () => {
    const planes = picture(9, 7);
    for (const size of [3, 5, 9]) {
      const kernel = { size, weights: uniforms(size * size, size) };
      const { data } = blur(planes, kernel);
      const radius = (size - 1) / 2;
      for (let c = 0; c < 3; c++) {
        for (let y = 0; y < 7; y++) {
          for (let x = 0; x < 9; x++) {
            let sum = 0;
            for (let j = 0; j < size; j++) {
              for (let i = 0; i < size; i++) {
                const from = c * 63 + reflect(y + j - radius, 7) * 9 + reflect(x + i - radius, 9);
                sum += kernel.weights[j * size + i] * planes.data[from];
              }
            }
            expect(data[c * 63 + y * 9 + x]).toBeCloseTo(sum, 4);
          }
        }
      }
    }
  });

  it("resizes a constant to itself, and by whole factors area takes means", () => {
    for (const mode of ["area", "bilinear", "bicubic"] as const) {
      const { data, width, height } = resized(flat(0.3, 20), 13, 31, mode);
      expect([width, height]).toEqual([13, 31]);
      for (const v of data) expect(v).toBeCloseTo(0.3, 5);
    }
    const planes = picture(6, 4);
    const { data } = resized(planes, 3, 2, "area");
    const at = (x: number, y: number) => planes.data[y * 6 + x];
    expect(data[0]).toBeCloseTo((at(0, 0) + at(1, 0) + at(0, 1) + at(1, 1)) / 4, 6);
    // Larger, it repeats pixels where windows do not straddle two.
    const grown = resized(planes, 12, 8, "area");
    expect(grown.data[0]).toBe(at(0, 0));
    expect(grown.data[13]).toBe(at(0, 0));
  });
});

describe("noise", () => {
  it.each([0.3, 4, 9.9, 10, 60, 250])("Poisson numbers of mean %d have that mean and variance", (mean) => {
    const random = createRandom(9, Math.round(10 * mean));
    const { mean: m, variance } = moments(Array.from({ length: 20_000 }, () => drawPoisson(mean, random)));
    expect(Math.abs(m / mean - 1)).toBeLessThan(5 / Math.sqrt(20_000 * mean));
    expect(Math.abs(variance / mean - 1)).toBeLessThan(0.06);
  });

  it("Gaussian noise has the deviation asked for; grey noise is one for all channels", () => {
    const noise = { kind: "gaussian", sigma: 10, grey: false } as const;
    const { data } = addNoise(flat(0.5), noise, createRandom(1));
    expect(Math.sqrt(moments(data).variance) * 255).toBeCloseTo(10, 0);
    expect(data[0]).not.toBe(data[64 * 64]);
    const grey = addNoise(flat(0.5), { ...noise, grey: true }, createRandom(1)).data;
    expect([grey[64 * 64 + 7], grey[2 * 64 * 64 + 7]]).toEqual([grey[7], grey[7]]);
  });

  it("Poisson noise has variance v / n, n the picture's levels", () => {
    // Two levels, so n = 2.
    const planes = flat(0.2);
    planes.data.fill(0.4, 0, 64 * 32);
    const { data } = addNoise(planes, { kind: "poisson", scale: 0.1, grey: false }, createRandom(2));
    const { mean, variance } = moments(data.subarray(64 * 64));
    expect(mean).toBeCloseTo(0.2, 2);
    expect(variance).toBeCloseTo(0.1 ** 2 * (0.2 / 2), 4);
  });
});

describe("the whole degradation", () => {
  const degradation = realEsrganDegradation();
  const photo = createRaster(96, 80, 3);
  photo.data.forEach((_, i) => (photo.data[i] = 128 + 100 * Math.sin(i / 40) * Math.cos(i / 3000)));
  const region = { x: 8, y: 4, width: 64, height: 64 };

  it("gives a quarter of the size, determined by the stream, different for each", async () => {
    const results: string[] = [];
    for (const stream of [0, 1, 2, 3, 4, 5, 6, 7, 3]) {
      const random = createRandom(4, stream);
      const parameters = degradation.sample(random);
      const { width, height, data } = await degradation.apply(photo, region, parameters, random);
      expect([width, height]).toEqual([16, 16]);
      results.push(data.join());
    }
    expect(results[8]).toBe(results[3]);
    expect(new Set(results).size).toBe(8);
  });

  it("has a second stage half of the time, and JPEG first half of the time", () => {
    const random = createRandom(6);
    const drawn = Array.from({ length: 2000 }, () => degradation.sample(random));
    const share = (test: (p: (typeof drawn)[0]) => boolean) => drawn.filter(test).length / drawn.length;
    expect(share(({ second }) => second !== undefined)).toBeCloseTo(0.5, 1);
    expect(share(({ second }) => second?.kernel !== undefined)).toBeCloseTo(0.4, 1);
    expect(share(({ last }) => last.jpegFirst)).toBeCloseTo(0.5, 1);
    expect(share(({ last }) => last.kernel !== undefined)).toBeCloseTo(0.8, 1);
    expect(share(({ first }) => first.factor < 1)).toBeCloseTo(0.7, 1);
    for (const { first, last } of drawn) {
      expect(first.factor).toBeGreaterThanOrEqual(0.15);
      expect(first.factor).toBeLessThanOrEqual(1.5);
      for (const q of [first.jpeg, last.jpeg]) expect(q >= 30 && q <= 95 && Number.isInteger(q)).toBe(true);
    }
  });

  it("without any damage it is a reduction that keeps the brightness", async () => {
    const clean = {
      first: {
        factor: 1,
        mode: "area",
        noise: { kind: "gaussian", sigma: 0, grey: false },
        jpeg: 100,
      },
      last: { mode: "area", jpeg: 100, jpegFirst: false },
    } as const;
    const { data } = await degradation.apply(photo, region, clean, createRandom(0));
    let sum = 0;
    for (let y = 0; y < 64; y++) {
      for (let x = 0; x < 64; x++) sum += photo.data[((4 + y) * 96 + 8 + x) * 3];
    }
    const red = data.filter((_, i) => i % 3 === 0);
    expect(moments(red).mean).toBeCloseTo(sum / 4096, 0);
    // Turned beforehand, it is the turned result up to what two JPEGs change.
    const turned = await degradation.apply(photo, region, clean, createRandom(0), (planar, side) =>
      orient(planar, side, 5),
    );
    const planar = (d: ArrayLike<number>) =>
      Float32Array.from({ length: 768 }, (_, i) => d[(i % 256) * 3 + Math.floor(i / 256)]);
    const expected = orient(planar(data), 16, 5);
    planar(turned.data).forEach((v, i) => expect(Math.abs(v - expected[i])).toBeLessThan(12));
  });
});
