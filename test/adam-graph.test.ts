/** The optimiser as a graph takes the steps that the one over arrays takes. */
import { expect, it } from "vitest";
import { createRandom } from "../src/base/random.js";
import * as o from "../src/onnx/index.js";
import { createSession, floatTensor } from "../src/runtime/index.js";
import { adamGraph, CARRIED, carriedInputs, RATES } from "../src/train/adam-graph.js";
import {
  adamStep,
  biasCorrections,
  clipFactor,
  createAdamState,
  emaStep,
  globalNorm,
} from "../src/train/optimizer.js";
import { maxDifference } from "./shared.js";

const SIZE = 50;
const LIMIT = 5;

it("over steps of two micro-batches, with clipping, weight decay and the moving average", async () => {
  const { next, norm } = adamGraph(carriedInputs(SIZE), o.input("gradient", [SIZE]));
  const outputs: Record<string, o.Value> = { norm };
  for (const name of CARRIED) outputs[`next:${name}`] = next[name];
  const session = await createSession(o.toModel(outputs).bytes, { device: "cpu", threads: 1 });

  const random = createRandom(7);
  const draw = () => random.normals(new Float32Array(SIZE));
  const weights = draw();
  const average = weights.slice();
  const adam = createAdamState(SIZE);
  const held: Record<string, Float32Array> = Object.fromEntries(
    CARRIED.map((name) => [name, new Float32Array(SIZE)]),
  );
  Object.assign(held, { weights: weights.slice(), average: average.slice() });

  const lengths: number[] = [];
  for (let step = 0; step < 4; step++) {
    const [learningRate, weightDecay, decay] = [0.1 / (step + 1), 0.01, 0.9];
    const parts = [draw(), draw()];
    const { first, second } = biasCorrections(step + 1);
    for (const [i, gradient] of parts.entries()) {
      const rates = {
        ...{ rate: learningRate * first, correction: second, keep: 1 - learningRate * weightDecay },
        ...{ share: 1 - decay, limit: LIMIT, fraction: 0.5, begin: 1 - i, apply: i },
      };
      const feeds = Object.fromEntries(
        RATES.map((name) => [name, floatTensor([], Float32Array.of(rates[name]))]),
      );
      for (const name of CARRIED) feeds[name] = floatTensor([SIZE], held[name]);
      const results = await session.run({ ...feeds, gradient: floatTensor([SIZE], gradient) });
      for (const name of CARRIED) held[name] = results[`next:${name}`].data as Float32Array;
      lengths[step] = Number(results.norm.data[0]);
    }
    const mean = parts[0].map((v, i) => (v + parts[1][i]) / 2);
    const length = globalNorm(mean);
    expect(lengths[step]).toBeCloseTo(length, 4);
    adamStep(weights, mean, adam, { learningRate, weightDecay }, clipFactor(length, LIMIT));
    emaStep(average, weights, decay);
  }
  await session.release();
  expect(Math.min(...lengths)).toBeLessThan(LIMIT);
  expect(Math.max(...lengths)).toBeGreaterThan(LIMIT);
  expect(maxDifference(held.weights, weights)).toBeLessThan(1e-5);
  expect(maxDifference(held.average, average)).toBeLessThan(1e-5);
  expect(maxDifference(held.first, adam.first)).toBeLessThan(1e-6);
  expect(maxDifference(held.second, adam.second)).toBeLessThan(1e-6);
});
