import { describe, expect, it } from "vitest";
import { createRandom } from "../base/random.js";
import { areaOf, boxOf, forEachStretch, isInside, pixelsOf, runsOf, runsOfLabels } from "./runs.js";

describe("a mask as its edges", () => {
  it("is the mask again, with its area, its box and its stretches", () => {
    const random = createRandom(3);
    for (const density of [0, 0.1, 0.5, 0.9, 1]) {
      const [width, height] = [7, 5];
      const mask = Uint8Array.from({ length: 35 }, () => (random.integer(100) < 100 * density ? 1 : 0));
      const runs = runsOf(mask, width, height);
      expect([...pixelsOf(runs)]).toEqual([...mask]);
      expect(areaOf(runs)).toBe(mask.reduce((a, b) => a + b, 0));
      const painted = new Uint8Array(35);
      forEachStretch(runs, (y, start, end) => painted.fill(1, y * width + start, y * width + end));
      expect([...painted]).toEqual([...mask]);
      for (let p = 0; p < 35; p++)
        expect(isInside(runs, p % width, Math.floor(p / width))).toBe(mask[p] === 1);
    }
  });

  it("is had of every label of a map at once", () => {
    const labels = Int32Array.of(2, 2, 0, 3, 3, 3, 2, 0, 0, 7);
    const byLabel = runsOfLabels({ width: 5, height: 2, labels });
    expect([...byLabel.keys()]).toEqual([2, 3, 7]);
    for (const [label, runs] of byLabel) {
      expect(runs).toEqual(
        runsOf(
          Array.from(labels, (l) => (l === label ? 1 : 0)),
          5,
          2,
        ),
      );
    }
  });

  it("has the box of the first and last column and row, and none for nothing", () => {
    const mask = new Uint8Array(20);
    mask[6] = mask[13] = 1;
    expect(boxOf(runsOf(mask, 5, 4))).toEqual([1, 1, 3, 2]);
    expect(boxOf(runsOf(new Uint8Array(20), 5, 4))).toEqual([0, 0, 0, 0]);
  });
});
