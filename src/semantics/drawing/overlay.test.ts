import { describe, expect, it } from "vitest";
import { createRaster } from "../../image/index.js";
import { runsOf } from "../runs.js";
import { heatPicture, levelsOf, overlay, topmostOf } from "./overlay.js";

describe("semantics as pictures", () => {
  const mask = (...pixels: number[]) =>
    runsOf(
      Array.from({ length: 6 }, (_, p) => (pixels.includes(p) ? 1 : 0)),
      3,
      2,
    );

  it("spreads overlapping masks over levels, the largest first", () => {
    const [whole, part, other] = [mask(0, 1, 2, 3), mask(1), mask(5)];
    const levels = levelsOf([part, whole, other, mask()]);
    expect(levels.map(({ labels }) => [...labels])).toEqual([
      [2, 2, 2, 2, 0, 3],
      [0, 1, 0, 0, 0, 0],
    ]);
  });

  it("tints regions, draws their borders and dims the rest", () => {
    const photo = createRaster(4, 1, 1);
    photo.data.fill(200);
    const labels = Int32Array.from([1, 1, 0, 0]);
    const { data } = overlay(photo, { width: 4, height: 1, labels });
    const pixel = (x: number) => [...data.subarray(3 * x, 3 * x + 3)];
    expect(pixel(3)).toEqual([80, 80, 80]);
    expect(Math.max(...pixel(0)) - Math.min(...pixel(0))).toBeGreaterThan(30);
    expect(pixel(1)).not.toEqual(pixel(0));
  });

  it("makes no more levels than anybody looks at", () => {
    const same = Array.from({ length: 20 }, () => mask(0, 1));
    expect(levelsOf([...same, mask(5)]).length).toBe(12);
  });

  it("lays smaller masks over larger ones in one map", () => {
    const { labels } = topmostOf([mask(1), mask(0, 1, 2, 3), mask(3, 5), mask()], { width: 3, height: 2 });
    expect([...labels]).toEqual([2, 1, 2, 3, 0, 3]);
  });

  it("gives every number a colour of its own, brighter with the number, the greatest the brightest", () => {
    const { data } = heatPicture([0, 1, 2, 3, 300], { width: 5, height: 1 }, 3);
    const luma = [0, 1, 2, 3].map(
      (p) => 0.299 * data[3 * p]! + 0.587 * data[3 * p + 1]! + 0.114 * data[3 * p + 2]!,
    );
    expect(luma).toEqual([...luma].sort((a, b) => a - b));
    expect(new Set(luma).size).toBe(4);
    expect([...data.subarray(12)]).toEqual([...data.subarray(9, 12)]);
  });
});
