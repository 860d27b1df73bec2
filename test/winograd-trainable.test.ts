import { describe, expect, it } from "vitest";
import { createRandom } from "../src/base/random.js";
import { TINY } from "../src/networks/index.js";
import { type ConvolutionStrategy, trainableScope } from "../src/nn/index.js";
import * as o from "../src/onnx/index.js";
import { inTopologicalOrder } from "../src/onnx/order.js";
import { teacherLoss } from "../src/train/teacher.js";
import { initialWeights } from "../src/train/weights.js";
import { normals, runGraph } from "./run-graph.js";

type Convolution = (x: o.Value, weight: o.Value, bias?: o.Value) => o.Value;

const byTaps: Convolution = (x, weight, bias) => o.conv(x, weight, bias, { padding: 1 });

function expectClose(got: readonly number[], expected: readonly number[], tolerance: number) {
  expect(got.length).toBe(expected.length);
  const scale = expected.reduce((largest, v) => Math.max(largest, Math.abs(v)), 0);
  expect(scale).toBeGreaterThan(0);
  const error = got.reduce((largest, v, i) => Math.max(largest, Math.abs(v - expected[i])), 0);
  expect(error / scale).toBeLessThan(tolerance);
}

describe("Winograd's convolution for training", () => {
  const cases: [string, o.Shape, number][] = [
    ["squares", [2, 24, 32, 32], 40],
    ["few tiles", [3, 5, 8, 8], 7],
    ["one tile", [1, 3, 4, 4], 2],
    ["upright images", [2, 6, 20, 8], 5],
    ["lying images", [2, 6, 8, 20], 5],
  ];

  it.each(cases)("gives the numbers and the three gradients of taps for %s", async (_, shape, out) => {
    const [n, c, h, w] = shape;
    const [x, weight, bias] = [
      o.input("x", shape),
      o.input("weight", [out, c, 3, 3]),
      o.input("bias", [out]),
    ];
    const feeds = {
      x: normals(shape, 1),
      weight: normals([out, c, 3, 3], 2),
      bias: normals([out], 3),
      dy: normals([n, out, h, w], 4),
    };
    const run = (convolve: Convolution) => {
      const y = convolve(x, weight, bias);
      const loss = o.reduceSum(o.mul(y, o.input("dy", y.shape)));
      const [dx, dWeight, dBias] = o.gradients(loss, [x, weight, bias]);
      return runGraph({ y, dx, dWeight, dBias }, feeds);
    };
    const [expected, got] = [await run(byTaps), await run(o.trainableWinogradConv)];
    for (const name of ["y", "dx", "dWeight", "dBias"] as const) expectClose(got[name], expected[name], 1e-5);
  });

  it("has gradients that can be differentiated again, as a discriminator's penalty asks for", async () => {
    const shape = [2, 6, 8, 8];
    const [x, weight] = [o.input("x", shape), o.input("weight", [5, 6, 3, 3])];
    const run = (convolve: Convolution) => {
      const [dx] = o.gradients(o.reduceSum(o.silu(convolve(x, weight))), [x]);
      const penalty = o.reduceSum(o.mul(dx, dx));
      const [dWeight] = o.gradients(penalty, [weight]);
      return runGraph({ penalty, dWeight }, { x: normals(shape, 1), weight: normals([5, 6, 3, 3], 2) });
    };
    const [expected, got] = [await run(byTaps), await run(o.trainableWinogradConv)];
    expectClose(got.penalty, expected.penalty, 1e-4);
    expectClose(got.dWeight, expected.dWeight, 1e-4);
  });

  it("asks for sides of whole tiles and for kernels of 3 x 3", () => {
    const convolve = (x: o.Shape, weight: o.Shape) => () =>
      o.trainableWinogradConv(o.input("x", x), o.input("weight", weight));
    expect(convolve([1, 4, 8, 10], [4, 4, 3, 3])).toThrow("sides must divide by 4");
    expect(convolve([1, 4, 8, 8], [4, 4, 5, 5])).toThrow("weight [4,4,5,5]");
    expect(convolve([1, 3, 8, 8], [4, 4, 3, 3])).toThrow("input [1,3,8,8]");
  });

  it("pays where channels are many and sides are short", () => {
    expect(o.trainableWinogradPays([8, 64, 32, 32], [64, 64, 3, 3])).toBe(true);
    expect(o.trainableWinogradPays([8, 128, 8, 8], [128, 128, 3, 3])).toBe(true);
    expect(o.trainableWinogradPays([1, 640, 16, 16], [640, 640, 3, 3])).toBe(true);
    expect(o.trainableWinogradPays([1, 640, 8, 8], [640, 640, 3, 3])).toBe(false);
    expect(o.trainableWinogradPays([8, 16, 32, 32], [16, 16, 3, 3])).toBe(false);
    expect(o.trainableWinogradPays([1, 128, 256, 256], [128, 128, 3, 3])).toBe(false);
    expect(o.trainableWinogradPays([8, 64, 30, 32], [64, 64, 3, 3])).toBe(false);
    expect(o.trainableWinogradPays([8, 64, 32, 32], [64, 64, 1, 1])).toBe(false);
  });
});

describe("a network written both ways", () => {
  it("has the same parameters, loss and gradients", async () => {
    const side = 32;
    const build = (strategy: ConvolutionStrategy) => {
      const { scope, parameters } = trainableScope("", strategy);
      const loss = teacherLoss(scope, TINY, { batch: 1, side }, { kappa: 0.3 });
      const specs = parameters();
      const slopes = o.gradients(
        loss,
        specs.map(({ value }) => value),
      );
      return { loss, specs, slopes };
    };
    const [taps, winograd] = [build({}), build({ winograd: true })];
    const names = taps.specs.map(({ name }) => name);
    expect(winograd.specs.map(({ name }) => name)).toEqual(names);

    // Fresh weights have layers of zeros, behind which gradients would be zero both ways.
    const weights = initialWeights(taps.specs, 1);
    const random = createRandom(5);
    for (let i = 0; i < weights.flat.length; i++) weights.flat[i] += 0.02 * random.normal();
    const feeds: Record<string, Float32Array> = {
      hr: normals([1, 3, 4 * side, 4 * side], 6),
      lq: normals([1, 3, side, side], 7),
      noise: normals([1, 48, side, side], 8),
      t: Float32Array.of(11),
      eta: Float32Array.of(0.8),
      sigma: Float32Array.of(0.25),
      scale: Float32Array.of(0.96),
    };
    for (const [name, { data }] of weights.tensors) feeds[name] = data as Float32Array;
    const run = ({ loss, slopes }: ReturnType<typeof build>): Promise<Record<string, number[]>> =>
      runGraph({ loss, ...Object.fromEntries(slopes.map((slope, i) => [`d ${names[i]}`, slope])) }, feeds);
    const [expected, got] = [await run(taps), await run(winograd)];
    expect(got.loss[0] / expected.loss[0]).toBeCloseTo(1, 5);
    for (const name of names) expectClose(got[`d ${name}`], expected[`d ${name}`], 1e-4);
    const threeByThree = ({ loss }: ReturnType<typeof build>) =>
      inTopologicalOrder([loss]).filter(
        ({ source }) => source.kind === "node" && source.node.inputs[1]?.shape.slice(2).join() === "3,3",
      ).length;
    // Those that halve the image are left, and those of the smallest one.
    expect(threeByThree(taps)).toBeGreaterThan(20);
    expect(threeByThree(winograd)).toBeLessThan(threeByThree(taps) / 2);
  });
});
