import { describe, expect, it } from "vitest";
import { relativeErrors } from "../../test/central-differences.js";
import { normals, runGraph } from "../../test/run-graph.js";
import { exponentialSchedule } from "../diffusion/index.js";
import { type CoverageNetworkConfig, coverageNetwork, TINY } from "../networks/index.js";
import { frozenScope, initialize, trainableScope } from "../nn/index.js";
import * as o from "../onnx/index.js";
import { semanticWeight } from "../semantics/index.js";
import { semanticConsistencyLoss } from "./semantic-consistency.js";
import { studentLoss } from "./student.js";

const CONFIG: CoverageNetworkConfig = { channels: [8, 16], blocks: [1, 1], groups: 4 };
const SHAPE = [2, 3, 16, 16];

/** A coverage network of random weights, none of them zero. */
function judge(seed = 1, bias = 1) {
  const { scope, parameters } = trainableScope();
  coverageNetwork(scope, CONFIG, o.input("image", [1, 3, 8, 8]));
  const state = initialize(parameters(), seed);
  let i = 0;
  for (const { shape, data } of state.values()) {
    const noise = normals(shape, seed + ++i);
    for (let k = 0; k < data.length; k++) data[k] += 0.2 * noise[k];
  }
  state.get("head.conv.bias")!.data.fill(bias);
  return { scope: frozenScope(state), config: CONFIG };
}

describe("the semantic consistency loss", () => {
  it("is the mean squared difference of W, each relative to the largest count of its own image", async () => {
    const network = judge();
    const images = ["a", "b"].map((name) => o.input(name, SHAPE));
    const counts = images.map((image) => coverageNetwork(network.scope, CONFIG, o.averagePool(image, 2)));
    const loss = semanticConsistencyLoss(network, images[0], images[1]);
    const feeds = { a: normals(SHAPE, 7), b: normals(SHAPE, 8) };
    const {
      loss: [found],
      first,
      second,
    } = await runGraph({ loss, first: counts[0], second: counts[1] }, feeds);
    const weights = [first, second].map((maps) =>
      [0, 1].flatMap((n) => {
        const map = maps.slice(n * 64, (n + 1) * 64);
        return map.map((count) => count / Math.max(...map, 1));
      }),
    );
    const expected = weights[0].reduce((sum, w, i) => sum + (w - weights[1][i]) ** 2, 0) / 128;
    expect(expected).toBeGreaterThan(1e-3);
    expect(found).toBeCloseTo(expected, 6);
  });

  it("divides by 1 where fewer masks than that are expected, as the weight of whole counts does", async () => {
    expect(semanticWeight({ width: 1, height: 1, counts: Uint16Array.of(0) })).toEqual(Float32Array.of(0));
    const network = judge(1, -6);
    const images = ["a", "b"].map((name) => o.input(name, SHAPE));
    const [a, b] = images.map((image) => coverageNetwork(network.scope, CONFIG, o.averagePool(image, 2)));
    const loss = semanticConsistencyLoss(network, images[0], images[1]);
    const results = await runGraph(
      { loss, expected: o.meanSquaredError(a, b), largest: o.reduceMax(o.maximum(a, b)) },
      { a: normals(SHAPE, 7), b: normals(SHAPE, 8) },
    );
    expect(results.largest[0]).toBeLessThan(1);
    expect(results.loss[0]).toBeCloseTo(results.expected[0], 7);
    expect(results.loss[0]).toBeGreaterThan(0);
  });

  it("has the gradient of central differences for the prediction, and none for the original", async () => {
    const network = judge();
    const values = [normals(SHAPE, 3), normals(SHAPE, 4)];
    const [predicted, original] = await relativeErrors(
      (a, b) => o.mul(semanticConsistencyLoss(network, a, b), 100),
      [SHAPE, SHAPE],
      { values, step: 3e-3 },
    );
    expect(predicted).toBeLessThan(0.02);
    // Its analytic gradient is zero, so the numeric slope is all error.
    expect(original).toBeGreaterThan(0.5);
  });

  it("reaches the student", async () => {
    const terms = { distill: 0, inverse: 0, gt: 0, fidelity: 0, sc: 1 };
    const process = { schedule: exponentialSchedule() };
    const config = { ...TINY, modelChannels: 32, channelMult: [1], resBlocks: [1], attentionResolutions: [] };
    const shape = { batch: 2, distilled: 1, side: 8 };
    const { scope, parameters } = trainableScope();
    const { loss, reports } = studentLoss(scope, config, shape, terms, process, { judge: judge() });
    expect(loss.shape).toEqual([]);
    const slopes = o.gradients(
      reports.sc,
      parameters().map(({ value }) => value),
    );
    expect(parameters().length).toBeGreaterThan(10);
    const moving = slopes.filter(({ source }) => source.kind !== "constant");
    expect(moving.length).toBe(slopes.length);
  });

  it("costs nothing where its weight is 0", () => {
    const terms = { distill: 1, inverse: 1, gt: 1, fidelity: 1, sc: 0 };
    const process = { schedule: exponentialSchedule() };
    const config = { ...TINY, modelChannels: 32, channelMult: [1], resBlocks: [1], attentionResolutions: [] };
    const { reports } = studentLoss(
      trainableScope().scope,
      config,
      { batch: 1, distilled: 1, side: 8 },
      terms,
      process,
      { judge: judge() },
    );
    expect(Object.keys(reports)).not.toContain("sc");
  });
});
