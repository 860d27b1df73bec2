import { describe, expect, it } from "vitest";
import { createRandom } from "../../base/random.js";
import { cubic, gaussianTaps, reductionKernel } from "./kernel.js";
import { orient } from "./orient.js";
import { blurAndReduce } from "./reduce.js";
import { cropRgb, type Rgb, reflect } from "./rgb.js";

function noise(width: number, height: number, seed = 1): Rgb {
  const random = createRandom(seed);
  const data = Uint8Array.from({ length: width * height * 3 }, () => random.integer(256));
  return { width, height, data };
}

const whole = ({ width, height }: Rgb) => ({ left: 0, top: 0, width, height });

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
    for (let t = 0; t < 16; t++) expect(weights[t]).toBeCloseTo(cubic((t - 7.5) / 4) / 4, 12);
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
      { width: 120, height: 64, data },
      { left: 40, top: 24, width: 32, height: 16 },
      reductionKernel(1),
    );
    for (let i = 0; i < out.length; i++) expect(out[i]).toBeCloseTo(41.5 + 4 * (Math.floor(i / 3) % 8), 3);
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
          expected[(y * 6 + x) * 3 + c] = value;
        });
      }
    }
    expect(
      largestDifference(blurAndReduce(picture, whole(picture), reductionKernel(0.9)), expected),
    ).toBeLessThan(1e-3);
  });

  it("of a region is the region of the whole: crops have no border of their own", () => {
    const picture = noise(96, 80);
    const kernel = reductionKernel(1.3);
    const all = blurAndReduce(picture, whole(picture), kernel);
    const part = blurAndReduce(picture, { left: 32, top: 24, width: 40, height: 32 }, kernel);
    const cut: number[] = [];
    for (let y = 6; y < 14; y++) cut.push(...all.subarray((y * 24 + 8) * 3, (y * 24 + 18) * 3));
    expect(largestDifference(part, cut)).toBe(0);
  });

  it("commutes with flips and turns", () => {
    const picture = noise(32, 32);
    const kernel = reductionKernel(0.7);
    const reduced = blurAndReduce(picture, whole(picture), kernel);
    for (let o = 0; o < 8; o++) {
      const turned = { ...picture, data: orient(picture.data, 32, o) };
      const other = blurAndReduce(turned, whole(turned), kernel);
      expect(largestDifference(orient(reduced, 8, o), other)).toBeLessThan(1e-3);
    }
  });

  it("refuses sides that do not divide by 4", () => {
    expect(() => blurAndReduce(noise(30, 32), whole(noise(30, 32)), reductionKernel(0))).toThrow(
      /30x32.*by 4/,
    );
  });
});

it("orient gives eight different pictures, each with all the pixels", () => {
  const picture = noise(5, 5);
  const sorted = (data: Uint8Array) => data.toSorted().join();
  const turned = Array.from({ length: 8 }, (_, o) => orient(picture.data, 5, o));
  expect(new Set(turned.map((data) => data.join())).size).toBe(8);
  expect(new Set(turned.map(sorted)).size).toBe(1);
});

describe("cropRgb", () => {
  it("cuts inside and reflects outside", () => {
    const picture = noise(7, 5);
    const at = (p: Rgb, x: number, y: number) => [...p.data.subarray((y * p.width + x) * 3).subarray(0, 3)];
    const inside = cropRgb(picture, { left: 2, top: 1, width: 4, height: 3 });
    expect(at(inside, 3, 2)).toEqual(at(picture, 5, 3));
    const around = cropRgb(picture, { left: -9, top: -2, width: 25, height: 12 });
    expect(at(around, 9, 2)).toEqual(at(picture, 0, 0));
    expect(at(around, 8, 1)).toEqual(at(picture, 0, 0));
    expect(at(around, 16, 7)).toEqual(at(picture, 6, 4));
    expect(at(around, 0, 3)).toEqual(at(picture, 5, 1)); // -9 reflects to 8, and 8 to 5
  });
});
