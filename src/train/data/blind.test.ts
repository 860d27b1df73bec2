import { describe, expect, it } from "vitest";
import { createRandom } from "../../base/random.js";
import type { Raster } from "../../image/raster.js";
import { type BlindParameters, blindDegradation } from "./blind.js";
import { REDUCTION_FILTERS, reductionKernel } from "./kernel.js";

const photo: Raster = {
  ...{ width: 64, height: 64, channels: 3 },
  data: Uint8Array.from({ length: 64 * 64 * 3 }, (_, i) => (i * 7) % 251),
};
const region = { x: 0, y: 0, width: 64, height: 64 };

describe("blindDegradation", () => {
  it("draws seven of ten by Real-ESRGAN, two mild, one without noise and JPEG, by every filter", () => {
    const random = createRandom(3);
    const draws: BlindParameters[] = Array.from({ length: 4000 }, () => blindDegradation.sample(random));
    const share = (name: string) => draws.filter(({ degradation }) => degradation === name).length / 4000;
    expect(share("real-esrgan")).toBeCloseTo(0.7, 1);
    expect(share("mild")).toBeCloseTo(0.2, 1);
    expect(share("reduction")).toBeCloseTo(0.1, 1);
    expect(new Set(draws.map(({ filter }) => filter))).toEqual(
      new Set([undefined, ...Object.keys(REDUCTION_FILTERS)]),
    );
  });

  it("makes the same picture of the same draw, a quarter of the region's sides", async () => {
    for (let seed = 0; seed < 12; seed++) {
      const make = async () => {
        const random = createRandom(seed);
        return blindDegradation.apply(photo, region, blindDegradation.sample(random), random);
      };
      const [one, two] = [await make(), await make()];
      expect([one.width, one.height]).toEqual([16, 16]);
      expect(one.data).toEqual(two.data);
    }
  });
});

describe("reductionKernel", () => {
  it("is the mean of four by area, and sums to one by each filter", () => {
    const area = reductionKernel(0, "area");
    expect([area.first + 0, ...area.weights]).toEqual([0, 0.25, 0.25, 0.25, 0.25]); // + 0: -0 is 0
    for (const filter of Object.keys(REDUCTION_FILTERS) as (keyof typeof REDUCTION_FILTERS)[]) {
      const { first, weights } = reductionKernel(0.7, filter);
      expect(weights.reduce((a, b) => a + b)).toBeCloseTo(1, 12);
      // Symmetric about 1.5, the place of the small picture's sample.
      expect(2 * first + weights.length - 1).toBe(3);
    }
  });
});
