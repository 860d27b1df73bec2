import { describe, expect, it } from "vitest";
import { createRandom } from "../base/random.js";
import { adamStep, clipFactor, createAdamState, emaStep, globalNorm, learningRateAt } from "./optimizer.js";

/**
 * Adam as its paper writes it (Kingma & Ba 2015, algorithm 1), one number at a time in double precision, with the
 * decoupled weight decay of Loshchilov & Hutter (algorithm 2, line 12).
 */
function reference(
  start: number,
  gradients: number[],
  { alpha, beta1, beta2, epsilon, decay }: Record<"alpha" | "beta1" | "beta2" | "epsilon" | "decay", number>,
): number {
  let [theta, m, v] = [start, 0, 0];
  gradients.forEach((g, i) => {
    const t = i + 1;
    m = beta1 * m + (1 - beta1) * g;
    v = beta2 * v + (1 - beta2) * g ** 2;
    const mHat = m / (1 - beta1 ** t);
    const vHat = v / (1 - beta2 ** t);
    theta = theta - alpha * (mHat / (Math.sqrt(vHat) + epsilon)) - alpha * decay * theta;
  });
  return theta;
}

describe("adamStep", () => {
  it.each([
    { alpha: 1e-2, beta1: 0.9, beta2: 0.999, epsilon: 1e-8, decay: 0 },
    { alpha: 1e-3, beta1: 0.8, beta2: 0.99, epsilon: 1e-3, decay: 0.1 },
  ])("follows the papers: %o", (o) => {
    const random = createRandom(1);
    const weights = random.normals(new Float32Array(5));
    const start = [...weights];
    const gradients = Array.from({ length: 40 }, () => random.normals(new Float32Array(5)));
    const state = createAdamState(5);
    const { alpha: learningRate, beta1, beta2, epsilon, decay: weightDecay } = o;
    for (const g of gradients)
      adamStep(weights, g, state, { learningRate, beta1, beta2, epsilon, weightDecay });
    expect(state.step).toBe(40);
    start.forEach((theta, i) => {
      const expected = reference(
        theta,
        gradients.map((g) => g[i]),
        o,
      );
      expect(Math.abs(weights[i] - expected)).toBeLessThan(2e-6);
    });
  });

  it("takes a first step of the learning rate, whatever the gradient's size", () => {
    const weights = Float32Array.of(0, 0, 0);
    adamStep(weights, Float32Array.of(1e-3, -5, 0), createAdamState(3), { learningRate: 0.1 });
    expect(weights[0]).toBeCloseTo(-0.1, 5);
    expect(weights[1]).toBeCloseTo(0.1, 5);
    expect(weights[2]).toBe(0);
  });

  it("scales the gradient first", () => {
    const run = (gradient: Float32Array, scale: number) => {
      const weights = Float32Array.of(1, 1);
      const state = createAdamState(2);
      for (let i = 0; i < 3; i++)
        adamStep(weights, gradient, state, { learningRate: 0.1, epsilon: 0.5 }, scale);
      return weights;
    };
    expect(run(Float32Array.of(4, -8), 0.25)).toEqual(run(Float32Array.of(1, -2), 1));
  });
});

describe("clipping", () => {
  it("shortens what is longer than the limit, and nothing else", () => {
    const gradient = Float32Array.of(3, 0, -4);
    expect(globalNorm(gradient)).toBe(5);
    expect(clipFactor(5, 1)).toBe(0.2);
    expect(clipFactor(0.5, 1)).toBe(1);
    expect(clipFactor(0, 1)).toBe(1);
  });

  it("sees what is not finite, and does not overflow in float32", () => {
    expect(globalNorm(Float32Array.of(1, Number.NaN))).toBeNaN();
    expect(globalNorm(Float32Array.of(1, Number.NEGATIVE_INFINITY))).toBe(Number.POSITIVE_INFINITY);
    expect(globalNorm(Float32Array.of(3e30, 4e30)) / 5e30).toBeCloseTo(1, 6);
  });
});

describe("emaStep", () => {
  it("moves by a share of the way", () => {
    const average = Float32Array.of(0, 10);
    emaStep(average, Float32Array.of(1, 10), 0.75);
    expect([...average]).toEqual([0.25, 10]);
  });

  it("after n steps toward a constant has decay^n of the way left", () => {
    const average = Float32Array.of(1);
    for (let i = 0; i < 50; i++) emaStep(average, Float32Array.of(0), 0.9);
    expect(average[0]).toBeCloseTo(0.9 ** 50, 6);
  });
});

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
