import { describe, expect, it } from "vitest";
import { createRandom } from "../../base/random.js";
import { cropPlanar, fromTensor, type Raster, reflect, toTensor } from "../../image/raster.js";
import { kernels } from "../../image/resize.js";
import { gaussianTaps, reductionKernel } from "./kernel.js";
import { orient } from "./orient.js";
import { blurAndReduce } from "./reduce.js";

function noise(width: number, height: number, seed = 1): Raster {
  const random = createRandom(seed);
  const data = Uint8Array.from({ length: width * height * 3 }, () => random.integer(256));
  return { width, height, channels: 3, data };
}

const whole = ({ width, height }: Raster) => ({ x: 0, y: 0, width, height });

function largestDifference(a: ArrayLike<number>, b: ArrayLike<number>): number {
  expect(a.length).toBe(b.length);
  let largest = 0;
  for (let i = 0; i < a.length; i++) largest = Math.max(largest, Math.abs(a[i] - b[i]));
  return largest;
}

describe("the reduction kernel", () => {
  it("without blur is the cubic of a = -0.5, widened by 4, at 16 taps around 1.5", () => {
    const { first, weights } = reductionKernel(0);
    expect(first).toBe(-6);
    expect(weights).toHaveLength(16);
    // Keys' cubic is a partition of unity, so its samples a quarter apart sum to exactly 4.
    for (let t = 0; t < 16; t++)
      expect(weights[t]).toBeCloseTo(kernels.catmullRom.weight((t - 7.5) / 4) / 4, 12);
  });

  it("is symmetric, sums to 1, and blur adds its own variance", () => {
    const variance = (taps: Float64Array) => {
      const centre = (taps.length - 1) / 2;
      return taps.reduce((sum, tap, i) => sum + tap * (i - centre) ** 2, 0);
    };
    for (const sigma of [0.2, 0.8, 1.4]) {
      const { first, weights } = reductionKernel(sigma);
      expect(first + (weights.length - 1) / 2).toBe(1.5);
      expect(weights.reduce((a, b) => a + b, 0)).toBeCloseTo(1, 12);
      expect(largestDifference(weights, weights.toReversed())).toBeLessThan(1e-15);
      const added = variance(weights) - variance(reductionKernel(0).weights);
      expect(added).toBeCloseTo(variance(gaussianTaps(sigma)), 12);
    }
    expect(variance(gaussianTaps(1.4))).toBeCloseTo(1.4 ** 2, 0);
  });
});

describe("blurAndReduce", () => {
  it("takes a ramp to the ramp at the centres of the 4x4 blocks", () => {
    const data = Uint8Array.from({ length: 120 * 64 * 3 }, (_, i) => Math.floor(i / 3) % 120);
    const out = blurAndReduce(
      { width: 120, height: 64, channels: 3, data },
      { x: 40, y: 24, width: 32, height: 16 },
      reductionKernel(1),
    );
    for (let i = 0; i < out.length; i++) expect(out[i]).toBeCloseTo((41.5 + 4 * (i % 8)) / 127.5 - 1, 5);
  });

  it("equals a blur followed by a reduction, edges reflected in both", () => {
    const picture = noise(24, 20);
    const line = (values: number[], taps: Float64Array, first: number, stride: number) =>
      Array.from({ length: values.length / stride }, (_, i) =>
        taps.reduce((sum, tap, t) => sum + tap * values[reflect(stride * i + first + t, values.length)], 0),
      );
    const blur = gaussianTaps(0.9);
    const { weights } = reductionKernel(0);
    const both = (values: number[]) => line(line(values, blur, -(blur.length - 1) / 2, 1), weights, -6, 4);
    const expected = new Float64Array(6 * 5 * 3);
    for (let c = 0; c < 3; c++) {
      const rows = Array.from({ length: 20 }, (_, y) =>
        both(Array.from({ length: 24 }, (_, x) => picture.data[(y * 24 + x) * 3 + c])),
      );
      for (let x = 0; x < 6; x++) {
        both(rows.map((row) => row[x])).forEach((value, y) => {
          expected[(c * 5 + y) * 6 + x] = value / 127.5 - 1;
        });
      }
    }
    expect(
      largestDifference(blurAndReduce(picture, whole(picture), reductionKernel(0.9)), expected),
    ).toBeLessThan(1e-5);
  });

  it("of a region is the region of the whole: crops have no border of their own", () => {
    const picture = noise(96, 80);
    const kernel = reductionKernel(1.3);
    const all = blurAndReduce(picture, whole(picture), kernel);
    const part = blurAndReduce(picture, { x: 32, y: 24, width: 40, height: 32 }, kernel);
    const cut = cropPlanar(all, { width: 24, height: 20, channels: 3 }, { x: 8, y: 6, width: 10, height: 8 });
    expect(largestDifference(part, cut)).toBe(0);
  });

  it("commutes with flips and turns", () => {
    const picture = noise(32, 32);
    const kernel = reductionKernel(0.7);
    const reduced = blurAndReduce(picture, whole(picture), kernel);
    for (let o = 0; o < 8; o++) {
      const turned = fromTensor(orient(toTensor(picture), 32, o), picture);
      const other = blurAndReduce(turned, whole(turned), kernel);
      expect(largestDifference(orient(reduced, 8, o), other)).toBeLessThan(1e-5);
    }
  });

  it("refuses sides that do not divide by 4", () => {
    expect(() => blurAndReduce(noise(30, 32), whole(noise(30, 32)), reductionKernel(0))).toThrow(
      /30x32.*by 4/,
    );
  });
});

it("orient gives eight different pictures, each with all the pixels", () => {
  const planar = toTensor(noise(5, 5));
  const turned = Array.from({ length: 8 }, (_, o) => orient(planar, 5, o));
  expect(new Set(turned.map((data) => data.join())).size).toBe(8);
  expect(new Set(turned.map((data) => data.subarray(25, 50).toSorted().join())).size).toBe(1);
});
