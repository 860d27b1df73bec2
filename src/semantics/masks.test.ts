import { describe, expect, it } from "vitest";
import { withBackground } from "../../test/fixtures/masks.js";
import {
  coverageOf,
  coverBackground,
  emptyCoverage,
  masksFromLabels,
  poolByArea,
  prepareMasks,
  semanticWeight,
  summarise,
} from "./index.js";

describe("masks to the size of the image", () => {
  it("pools by 4 and keeps what exceeds one half (equations 3 and 4)", () => {
    const mask = new Uint8Array(64);
    for (let p = 0; p < 64; p++) {
      const [x, y] = [p % 8, p >> 3];
      const block = (y >> 2) * 2 + (x >> 2);
      const inBlock = (y % 4) * 4 + (x % 4);
      mask[p] = inBlock < [8, 9, 16, 0][block] ? 1 : 0; // exactly half is not more than half
    }
    const set = prepareMasks({ width: 8, height: 8, masks: [mask] }, 2, 2);
    expect(Array.from(set.masks[0])).toEqual([0, 1, 1, 0]);
    expect(Array.from(poolByArea(mask, 8, 8, 2, 2))).toEqual([0.5, 9 / 16, 1, 0]);
  });

  it("pools by area when sizes do not divide, and keeps the mean", () => {
    expect(Array.from(poolByArea([1, 0, 0], 3, 1, 2, 1))).toEqual([Math.fround(2 / 3), 0]);
    const image = Float32Array.from({ length: 35 }, (_, i) => (i * 7) % 11);
    const mean = (a: Float32Array) => a.reduce((s, v) => s + v, 0) / a.length;
    expect(mean(poolByArea(image, 7, 5, 4, 3))).toBeCloseTo(mean(image), 5);
    expect(Array.from(poolByArea([1, 2], 2, 1, 4, 1))).toEqual([1, 1, 2, 2]);
    expect(Array.from(poolByArea([5], 1, 1, 3, 2))).toEqual([5, 5, 5, 5, 5, 5]);
  });

  it("reads label maps, 0 being no region", () => {
    const set = masksFromLabels({ width: 2, height: 2, labels: Int32Array.of(7, 0, 2, 7) });
    expect(set.masks.map((mask) => Array.from(mask))).toEqual([
      [0, 0, 1, 0],
      [1, 0, 0, 1],
    ]);
  });

  it("refuses masks of a wrong size", () => {
    expect(() => prepareMasks({ width: 3, height: 2, masks: [new Uint8Array(5)] }, 3, 2)).toThrow(
      /6 pixels; got 5/,
    );
    expect(() => coverageOf({ width: 3, height: 2, masks: [new Uint8Array(5)] })).toThrow(/6 pixels.*got 5/);
  });
});

describe("coverage", () => {
  const coverage = coverageOf({
    width: 2,
    height: 2,
    masks: [Uint8Array.of(1, 1, 0, 0), Uint8Array.of(1, 0, 1, 0), Uint8Array.of(1, 0, 1, 0)],
  });

  it("counts the masks, and W is its share of the largest count (equation 8)", () => {
    expect(Array.from(coverage.counts)).toEqual([3, 1, 2, 0]);
    expect(semanticWeight(coverage)).toEqual(Float32Array.of(1, 1 / 3, 2 / 3, 0));
    expect(Array.from(coverBackground(coverage).counts)).toEqual([3, 1, 2, 1]);
  });

  it("is the same with the release's background mask as a mask and as a floor", () => {
    const set = { width: 2, height: 2, masks: [Uint8Array.of(1, 1, 0, 0), Uint8Array.of(1, 0, 0, 0)] };
    expect(coverageOf(withBackground(set))).toEqual(coverBackground(coverageOf(set)));
  });

  it("gives weight 0 where nothing is covered at all", () => {
    expect(Array.from(semanticWeight(emptyCoverage(2, 1)))).toEqual([0, 0]);
    expect(Array.from(semanticWeight(coverBackground(emptyCoverage(2, 1))))).toEqual([1, 1]);
  });

  it("is summarised", () => {
    expect(summarise(coverage)).toEqual({
      covered: 0.75,
      mean: 1.5,
      maximum: 3,
      histogram: [0.25, 0.25, 0.25, 0.25],
    });
  });
});
