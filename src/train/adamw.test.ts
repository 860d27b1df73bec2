/** The optimiser as a graph, in place, beside its papers in double precision. */
import { describe, expect, it } from "vitest";
import { createRandom } from "../base/random.js";
import * as o from "../onnx/index.js";
import { createSession, floatTensor } from "../runtime/index.js";
import { adamW, BETAS, type Betas, MOMENTS, ratesOf, type StepSettings } from "./adamw.js";

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

/** Steps from these weights along these gradients, every output where its input was. */
async function steps(
  weights: Float32Array,
  gradients: readonly Float32Array[],
  settings: StepSettings,
  betas: Betas = BETAS,
) {
  const shape = [weights.length];
  const inputs = Object.fromEntries(MOMENTS.map((name) => [name, o.input(name, shape)])) as Record<
    (typeof MOMENTS)[number],
    o.Value
  >;
  const { next, norm } = adamW(inputs, o.input("gradient", shape), betas);
  const outputs: Record<string, o.Value> = { norm };
  for (const name of MOMENTS) outputs[`next:${name}`] = next[name];
  const session = await createSession(o.toModel(outputs).bytes, { device: "cpu", threads: 1 });
  const zeros = () => new Float32Array(weights.length);
  const arrays = { weights: weights.slice(), average: weights.slice(), first: zeros(), second: zeros() };
  const norms: number[] = [];
  for (const [i, gradient] of gradients.entries()) {
    const rates = Object.entries(ratesOf(i + 1, settings, betas));
    const feeds = Object.fromEntries(
      rates.map(([name, rate]) => [name, floatTensor([], Float32Array.of(rate))]),
    );
    const fetches: Record<string, ReturnType<typeof floatTensor> | null> = { norm: null };
    for (const name of MOMENTS) {
      feeds[name] = floatTensor(shape, arrays[name]);
      fetches[`next:${name}`] = feeds[name];
    }
    const results = await session.run({ ...feeds, gradient: floatTensor(shape, gradient) }, { fetches });
    norms.push(Number(results.norm.data[0]));
  }
  await session.release();
  return { ...arrays, norms };
}

const draw = (size: number, seed: number) => createRandom(seed).normals(new Float32Array(size));

describe("adamW", () => {
  it.each([
    { learningRate: 1e-2, beta1: 0.9, beta2: 0.999, epsilon: 1e-8, weightDecay: 0 },
    { learningRate: 1e-3, beta1: 0.8, beta2: 0.99, epsilon: 1e-3, weightDecay: 0.1 },
    { learningRate: 1e-3, beta1: 0, beta2: 0.999, epsilon: 1e-8, weightDecay: 0 },
  ])("follows the papers: %o", async (settings) => {
    // Enough for ONNX Runtime to share an operator's work among blocks.
    const size = 5000;
    const gradients = Array.from({ length: 40 }, (_, i) => draw(size, i + 2));
    const start = draw(size, 1);
    const { weights, norms } = await steps(start, gradients, settings, settings);
    for (let i = 0; i < size; i += 101) {
      const column = gradients.map((g) => g[i]);
      expect(Math.abs(weights[i] - reference(start[i], column, settings))).toBeLessThan(2e-6);
    }
    norms.forEach((norm, i) => expect(norm / Math.hypot(...gradients[i])).toBeCloseTo(1, 5));
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
