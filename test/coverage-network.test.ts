import { describe, expect, it } from "vitest";
import { recogniseNetwork } from "../src/checkpoints/recognise.js";
import {
  COVERAGE_TINY,
  type CoverageNetworkConfig,
  coverageConfigOf,
  coverageMultiple,
  coverageNetwork,
} from "../src/networks/index.js";
import { createScope, frozenScope, initialize, trainableScope } from "../src/nn/index.js";
import * as o from "../src/onnx/index.js";
import { relativeErrors } from "./central-differences.js";
import { normals, runGraph } from "./run-graph.js";

const SMALL: CoverageNetworkConfig = { channels: [8, 8, 16], blocks: [1, 0, 2], groups: 4 };

function parametersOf(config: CoverageNetworkConfig) {
  const { scope, parameters } = trainableScope();
  const side = coverageMultiple(config);
  coverageNetwork(scope, config, o.input("image", [1, 3, side, side]));
  return parameters();
}

/** Weights with no zeros, so that every layer counts. */
function randomState(config: CoverageNetworkConfig, seed = 1) {
  const state = initialize(parametersOf(config), seed);
  let i = 0;
  for (const { shape, data } of state.values()) {
    const noise = normals(shape, ++i);
    for (let k = 0; k < data.length; k++) data[k] += 0.1 * noise[k];
  }
  return state;
}

describe("the coverage network", () => {
  it("has fewer than a million parameters in the bundled size", () => {
    const sizes = parametersOf(COVERAGE_TINY).map(({ shape }) => o.sizeOf(shape));
    expect(sizes.reduce((a, b) => a + b)).toBeLessThan(1e6);
  });

  it.each([
    [1, 8, 8],
    [2, 24, 16],
    [1, 8, 40],
  ])("gives a count that is not negative for every pixel of %i images of %i x %i", async (n, h, w) => {
    const image = o.input("image", [n, 3, h, w]);
    const map = coverageNetwork(frozenScope(randomState(SMALL)), SMALL, image);
    expect(map.shape).toEqual([n, 1, h, w]);
    const { c } = await runGraph({ c: map }, { image: normals([n, 3, h, w]) });
    expect(c.every((count) => count >= 0 && Number.isFinite(count))).toBe(true);
    expect(new Set(c).size).toBeGreaterThan(1);
  });

  it("sees the whole image from every pixel", async () => {
    const [h, w] = [16, 128];
    const image = o.input("image", [1, 3, h, w]);
    const map = coverageNetwork(frozenScope(randomState(SMALL)), SMALL, image);
    const [slope] = o.gradients(o.slice(map, [2, 3], [0, 0], [1, 1]), [image]);
    const { g } = await runGraph({ g: slope }, { image: normals([1, 3, h, w]) });
    expect(g[h * w - 1]).not.toBe(0);
  });

  it("stays finite where the counts are large or nothing is there", async () => {
    const image = o.input("image", [1, 3, 8, 8]);
    for (const bias of [-200, 200]) {
      const state = randomState(SMALL);
      state.get("head.conv.bias")!.data.fill(bias);
      const map = coverageNetwork(frozenScope(state), SMALL, image);
      const [slope] = o.gradients(o.reduceSum(map), [image]);
      const { c, g } = await runGraph({ c: map, g: slope }, { image: new Float32Array(3 * 64) });
      expect([...c, ...g].every(Number.isFinite)).toBe(true);
      for (const count of c) expect(count).toBeCloseTo(Math.max(bias, 0), -1);
    }
  });

  it("has the gradient of central differences, with respect to image and parameters", async () => {
    const state = randomState(SMALL);
    const specs = parametersOf(SMALL);
    const shapes = [[2, 3, 8, 8], ...specs.map(({ shape }) => [...shape])];
    const values = [normals([2, 3, 8, 8], 5), ...specs.map(({ name }) => state.get(name)!.data)];
    const errors = await relativeErrors(
      (image, ...parameters) => {
        const named = new Map(specs.map(({ name }, i) => [name, parameters[i]]));
        return coverageNetwork(
          createScope((name) => named.get(name)!),
          SMALL,
          image,
        );
      },
      shapes,
      { values, directions: 2, floor: 0.1, step: 3e-3 },
    );
    expect(Math.max(...errors)).toBeLessThan(0.02);
  });
});

describe("recognising a coverage network", () => {
  const shapesOf = (config: CoverageNetworkConfig) =>
    new Map(parametersOf(config).map(({ name, shape }) => [name, shape]));

  it.each([COVERAGE_TINY, { channels: [8, 16], blocks: [0, 3], groups: 8 }])(
    "finds the configuration in the shapes: %j",
    (config) => {
      expect(coverageConfigOf(shapesOf(config))).toEqual(config);
    },
  );

  it("knows one among the checkpoints, and names what is wrong with another", () => {
    const shapes = shapesOf(COVERAGE_TINY);
    expect(recogniseNetwork(shapes, "a file")).toEqual({
      network: "coverage-network",
      config: COVERAGE_TINY,
    });
    shapes.delete("context.linear1.bias");
    expect(() => recogniseNetwork(shapes, "a file")).toThrow(
      'a file: not a network that samsr knows; the nearest is the coverage network, but "context.linear1.bias" [112] is missing',
    );
    expect(coverageConfigOf(new Map([["conv.weight", [8, 3, 3, 3]]]))).toBeUndefined();
  });
});
