import { describe, expect, it } from "vitest";
import { learningRateAt } from "./learning-rate.js";

describe("learningRateAt", () => {
  const schedule = { peak: 2, floor: 0.5, warmup: 10, steps: 110 };
  it("rises from a part of the peak to all of it, never from zero", () => {
    expect(learningRateAt(0, schedule)).toBeCloseTo(0.2, 12);
    expect(learningRateAt(9, schedule)).toBe(2);
  });

  it("falls along half a cosine to the floor, and stays there", () => {
    expect(learningRateAt(10, schedule)).toBe(2);
    expect(learningRateAt(60, schedule)).toBeCloseTo(1.25, 12);
    expect(learningRateAt(110, schedule)).toBeCloseTo(0.5, 12);
    expect(learningRateAt(1000, schedule)).toBeCloseTo(0.5, 12);
  });

  it("works without a warmup, and with nothing but one", () => {
    expect(learningRateAt(0, { peak: 1, warmup: 0, steps: 10 })).toBe(1);
    expect(learningRateAt(9, { peak: 1, warmup: 10, steps: 10 })).toBe(1);
    expect(learningRateAt(10, { peak: 1, warmup: 10, steps: 10 })).toBe(1);
  });

  it("falls along a straight line, or not at all", () => {
    const linear = { ...schedule, schedule: "linear" } as const;
    expect(learningRateAt(9, linear)).toBe(2);
    expect(learningRateAt(35, linear)).toBeCloseTo(2 - 1.5 / 4, 12);
    expect(learningRateAt(110, linear)).toBeCloseTo(0.5, 12);
    expect(learningRateAt(500, linear)).toBeCloseTo(0.5, 12);
    const constant = { ...schedule, schedule: "constant" } as const;
    expect([10, 60, 110, 500].map((step) => learningRateAt(step, constant))).toEqual([2, 2, 2, 2]);
    expect(learningRateAt(4, constant)).toBe(1);
  });
});
