import { expect, it } from "vitest";
import { emaDecayAt } from "./moving-average.js";

it("the average's decay rises to what is asked for, or is that from the first step on", () => {
  expect(emaDecayAt(0, 0.999)).toBeCloseTo(2 / 11, 12);
  expect(emaDecayAt(100, 0.999)).toBeCloseTo(102 / 111, 12);
  expect(emaDecayAt(1e6, 0.999)).toBe(0.999);
  expect([0, 100].map((step) => emaDecayAt(step, 0.999, "constant"))).toEqual([0.999, 0.999]);
});
