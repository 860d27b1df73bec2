/** The optimiser as a graph, in place, beside its papers in double precision. */
import { describe, expect, it } from "vitest";
import { createRandom } from "../base/random.js";
import { createDeviceTensor } from "../runtime/index.js";
import { BETAS, type Betas, type StepSettings } from "./adamw.js";
import { createOptimiser } from "./optimiser.js";

/**
 * Adam as its paper writes it (Kingma & Ba 2015, algorithm 1), one number at a time in double precision, with
 * the decoupled weight decay of Loshchilov & Hutter (algorithm 2, line 12).
 */
function reference(start: number, gradients: number[], settings: StepSettings & Betas): number {
  const { learningRate, weightDecay = 0, beta1, beta2, epsilon } = settings;
  let [theta, m, v] = [start, 0, 0];
  gradients.forEach((g, i) => {
    const t = i + 1;
    m = beta1 * m + (1 - beta1) * g;
    v = beta2 * v + (1 - beta2) * g ** 2;
    const mHat = m / (1 - beta1 ** t);
    const vHat = v / (1 - beta2 ** t);
    theta = theta - learningRate * (mHat / (Math.sqrt(vHat) + epsilon)) - learningRate * weightDecay * theta;
  });
  return theta;
}

/** Steps from these weights along these gradients. */
async function steps(
  weights: Float32Array,
  gradients: readonly Float32Array[],
  settings: StepSettings,
  betas: Betas = BETAS,
) {
  const zeros = () => new Float32Array(weights.length);
  const arrays = { weights: weights.slice(), average: weights.slice(), first: zeros(), second: zeros() };
  const options = { device: "cpu", threads: 1 } as const;
  const place = (data: Float32Array) => createDeviceTensor(data, options);
  const moments = {
    weights: await place(arrays.weights),
    average: await place(arrays.average),
    first: await place(arrays.first),
    second: await place(arrays.second),
  };
  const gradient = await place(zeros());
  const optimiser = await createOptimiser(moments, gradient, betas, options);
  const norms: number[] = [];
  for (const [i, data] of gradients.entries()) {
    await gradient.push(data);
    norms.push(await optimiser.step(i + 1, settings));
  }
  await optimiser.release();
  return { ...arrays, norms };
}

const lengthOf = (gradient: Float32Array) => Math.sqrt(gradient.reduce((sum, g) => sum + g * g, 0));
const draw = (size: number, seed: number) => createRandom(seed).normals(new Float32Array(size));

describe("adamW", () => {
  it.each([
    { learningRate: 1e-2, beta1: 0.9, beta2: 0.999, epsilon: 1e-8, weightDecay: 0 },
    { learningRate: 1e-3, beta1: 0.8, beta2: 0.99, epsilon: 1e-3, weightDecay: 0.1 },
    { learningRate: 1e-3, beta1: 0, beta2: 0.999, epsilon: 1e-8, weightDecay: 0 },
  ])("follows the papers: %o", async (settings) => {
    // Two windows, and the rest of a third.
    const size = 2 ** 18 + 5000;
    const gradients = Array.from({ length: 10 }, (_, i) => draw(size, i + 2));
    const start = draw(size, 1);
    const { weights, norms } = await steps(start, gradients, settings, settings);
    for (let i = 0; i < size; i += 4999) {
      const column = gradients.map((g) => g[i]);
      expect(Math.abs(weights[i] - reference(start[i], column, settings))).toBeLessThan(2e-6);
    }
    norms.forEach((norm, i) => expect(norm / lengthOf(gradients[i])).toBeCloseTo(1, 5));
  });

  it("takes a first step of the learning rate, whatever the gradient's size", async () => {
    const gradient = Float32Array.of(1e-3, -5, 0);
    const { weights } = await steps(new Float32Array(3), [gradient], { learningRate: 0.1 });
    expect(weights[0]).toBeCloseTo(-0.1, 5);
    expect(weights[1]).toBeCloseTo(0.1, 5);
    expect(weights[2]).toBe(0);
  });

  it("shortens a gradient that is longer than the limit, and no other", async () => {
    const betas = { ...BETAS, epsilon: 0.5 };
    const run = async (gradient: Float32Array, clip?: number) =>
      steps(Float32Array.of(1, 1), [gradient, gradient, gradient], { learningRate: 0.1, clip }, betas);
    const long = await run(Float32Array.of(30, -40), 5);
    const short = await run(Float32Array.of(3, -4), 5);
    const free = await run(Float32Array.of(3, -4));
    expect(long.norms).toEqual([50, 50, 50]);
    expect(short.weights).toEqual(free.weights);
    long.weights.forEach((w, i) => expect(w).toBeCloseTo(free.weights[i], 6));
  });

  it("shows in the norm what is not finite", async () => {
    const norm = async (...gradient: number[]) =>
      (await steps(new Float32Array(2), [Float32Array.from(gradient)], { learningRate: 0.1 })).norms[0];
    expect(await norm(1, Number.NaN)).toBeNaN();
    expect(await norm(1, Number.NEGATIVE_INFINITY)).toBe(Number.POSITIVE_INFINITY);
  });

  it("moves the average by a share of the way to the new weights, and not at all by default", async () => {
    const start = Float32Array.of(0, 10);
    const gradient = Float32Array.of(1, -2);
    const moved = await steps(start, [gradient], { learningRate: 0.1, emaDecay: 0.75 });
    start.forEach((w, i) => expect(moved.average[i]).toBeCloseTo(0.75 * w + 0.25 * moved.weights[i], 6));
    expect((await steps(start, [gradient], { learningRate: 0.1 })).average).toEqual(start);
  });
});
