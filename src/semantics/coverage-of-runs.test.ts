import { describe, expect, it } from "vitest";
import { createRandom } from "../base/random.js";
import { coverageOf } from "./coverage.js";
import { coverageOfRuns } from "./coverage-of-runs.js";
import { prepareMasks } from "./masks.js";
import { runsOf } from "./runs.js";

describe("coverage from runs", () => {
  it.each([4, 1, 3, 1.5])("is that of the masks' pixels, at %f times the size", (factor) => {
    const [width, height] = [10, 6];
    const [w, h] = [width * factor, height * factor];
    const random = createRandom(4);
    const masks = Array.from({ length: 12 }, () => {
      const [x, y, r] = [random.integer(w), random.integer(h), 1 + random.integer(w / 2)];
      return Uint8Array.from({ length: w * h }, (_, p) =>
        Math.hypot((p % w) - x, Math.floor(p / w) - y) < r || random.integer(9) === 0 ? 1 : 0,
      );
    });
    const expected = coverageOf(prepareMasks({ width: w, height: h, masks }, width, height));
    const runs = masks.map((mask) => runsOf(mask, w, h));
    expect(coverageOfRuns(runs, { width, height })).toEqual(expected);
    expect(Math.max(...expected.counts)).toBeGreaterThan(2);
  });
});
