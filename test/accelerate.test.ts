import { describe, expect, it } from "vitest";
import { accelerate } from "../src/onnx/accelerate.js";
import { emit } from "../src/onnx/emit.js";
import * as o from "../src/onnx/index.js";
import { peakBytes } from "../src/onnx/memory.js";
import { inTopologicalOrder } from "../src/onnx/order.js";
import { normals, runGraph } from "./run-graph.js";

const fixed = (shape: o.Shape, seed: number) => o.constant(normals(shape, seed), shape);
const nodes = (y: o.Value) =>
  inTopologicalOrder([y]).flatMap(({ source }) => (source.kind === "node" ? [source.node] : []));
/** Convolutions with kernels of 3 x 3. */
const taps = (y: o.Value) => nodes(y).filter((n) => n.op === "Conv" && n.inputs[1]!.shape[2] === 3).length;

async function expectSame(y: o.Value, fast: o.Value, shape: o.Shape) {
  expect(fast.shape).toEqual(y.shape);
  const feeds = { x: normals(shape, 1) };
  const [expected, got] = [(await runGraph({ y }, feeds)).y, (await runGraph({ y: fast }, feeds)).y];
  const scale = expected.reduce((largest, v) => Math.max(largest, Math.abs(v)), 0);
  const error = got.reduce((largest, v, i) => Math.max(largest, Math.abs(v - expected[i])), 0);
  expect(error / scale).toBeLessThan(1e-5);
}

describe("accelerate", () => {
  const least = { channels: 1, multiple: 1, tiles: 1 };
  const shape = [1, 24, 16, 20];
  const x = o.input("x", shape);

  it.each([
    ["with a bias", o.conv(x, fixed([40, 24, 3, 3], 2), fixed([40], 3), { padding: 1 })],
    ["without one", o.conv(x, fixed([7, 24, 3, 3], 2), undefined, { padding: 1 })],
    [
      "of an enlarged image",
      o.conv(o.upsampleNearest(x, 2), fixed([24, 24, 3, 3], 2), fixed([24], 3), { padding: 1 }),
    ],
    [
      "of one tile",
      o.conv(o.slice(x, [2, 3], [3, 5], [7, 9]), fixed([8, 24, 3, 3], 2), undefined, { padding: 1 }),
    ],
  ])("gives the numbers of a 3 x 3 convolution %s, without one", async (_, y) => {
    const { y: fast } = accelerate({ y }, least);
    expect([taps(y), taps(fast)]).toEqual([1, 0]);
    await expectSame(y, fast, shape);
  });

  it.each([
    ["as it is", (v: o.Value) => v, 1, 4],
    ["enlarged", (v: o.Value) => o.upsampleNearest(v, 2), 1, 4],
    ["without rows of zeros", (v: o.Value) => o.slice(v, [2], [3], [61]), 0, 3],
  ])("convolves an image %s in blocks of rows, to the bit as at once, for less memory", async (...given) => {
    const [, made, zeros, count] = given;
    const large = [1, 8, 64, 128];
    const image = made(o.input("x", large));
    const [, , h, w] = image.shape;
    const y = emit("Conv", [image, fixed([8, 8, 3, 3], 2)], {
      shape: [1, 8, h + 2 * zeros - 2, w],
      attributes: { kernel_shape: [3, 3], strides: [1, 1], pads: [zeros, 1, zeros, 1] },
    });
    const [once, blocks] = [Number.POSITIVE_INFINITY, 2 ** 16].map(
      (most) => accelerate({ y }, { ...least, most }).y,
    ) as [o.Value, o.Value];
    expect(nodes(blocks).filter(({ op }) => op === "MatMul").length).toBe(
      count * nodes(once).filter(({ op }) => op === "MatMul").length,
    );
    expect(peakBytes([blocks])).toBeLessThan(0.75 * peakBytes([once]));
    const feeds = { x: normals(large, 1) };
    expect((await runGraph({ y: blocks }, feeds)).y).toEqual((await runGraph({ y: once }, feeds)).y);
  });

  it("loses little where many channels are summed", async () => {
    const wide = [1, 512, 32, 32];
    const weight = normals([128, 512, 3, 3], 2).map((v) => v / Math.sqrt(512 * 9));
    const y = o.conv(o.input("x", wide), o.constant(weight, [128, 512, 3, 3]), fixed([128], 3), {
      padding: 1,
    });
    const { y: fast } = accelerate({ y });
    expect(taps(fast)).toBe(0);
    await expectSame(y, fast, wide);
  });

  it.each([
    ["whose weights are inputs", o.conv(x, o.input("w", [8, 24, 3, 3]), undefined, { padding: 1 })],
    ["with a stride", o.conv(x, fixed([8, 24, 3, 3], 2), undefined, { padding: 1, stride: 2 })],
    ["without padding", o.conv(x, fixed([8, 24, 3, 3], 2))],
    [
      "of sides that are no whole tiles",
      o.conv(o.slice(x, [2], [0], [15]), fixed([8, 24, 3, 3], 2), undefined, { padding: 1 }),
    ],
    ["of kernels of another size", o.conv(x, fixed([8, 24, 5, 5], 2), undefined, { padding: 2 })],
  ])("leaves a convolution %s", (_, y) => {
    expect(accelerate({ y }, least).y).toBe(y);
  });

  it("adds up convolutions of joined channels, in a graph of convolutions alone", async () => {
    const parts = [o.relu(o.conv(x, fixed([32, 24, 3, 3], 2), undefined, { padding: 1 }))];
    parts.push(o.relu(o.conv(parts[0], fixed([16, 32, 3, 3], 3), fixed([16], 4), { padding: 1 })));
    const joined = o.concat(parts, 1);
    const y = o.conv(joined, fixed([16, 48, 3, 3], 5), fixed([16], 6), { padding: 1 });
    const { y: fast } = accelerate({ y });
    expect(nodes(fast).some(({ op }) => op === "Concat")).toBe(false);
    await expectSame(y, fast, shape);
    const normed = o.mul(y, o.reduceMean(y, [2, 3], true));
    expect(accelerate({ normed }).normed).toBe(normed);
    const odd = o.conv(o.concat([x, x], 1), fixed([16, 48, 3, 3], 5), undefined, { padding: 1 });
    expect(accelerate({ odd }).odd).toBe(odd);
  });

  it("multiplies by slopes of any size, in a graph of convolutions alone", async () => {
    const slope = Float32Array.from({ length: 16 }, (_, i) => (i - 4) / 6);
    const h = o.conv(x, fixed([16, 24, 3, 3], 2), fixed([16], 3), { padding: 1 });
    const y = o.prelu(h, o.reshape(o.constant(slope), [16, 1, 1]));
    const { y: fast } = accelerate({ y });
    expect(nodes(fast).some(({ op }) => op === "PRelu")).toBe(false);
    await expectSame(y, fast, shape);
  });

  it("leaves channels that are not computed sixteen at once", () => {
    const wide = [1, 180, 32, 32];
    const y = o.relu(o.conv(o.input("x", wide), fixed([180, 180, 3, 3], 2), undefined, { padding: 1 }));
    const tokens = o.layerNorm(y, fixed([32], 3), fixed([32], 4));
    expect(taps(accelerate({ y: tokens }).y)).toBe(1);
    expect(taps(accelerate({ y: tokens }, { multiple: 4 }).y)).toBe(0);
  });

  it("leaves small convolutions, where it would not pay", () => {
    const y = o.conv(x, fixed([24, 24, 3, 3], 2), undefined, { padding: 1 });
    expect(accelerate({ y }).y).toBe(y);
  });

  it("keeps what several outputs share, and nodes of several outputs, in one piece", () => {
    const h = o.conv(x, fixed([8, 24, 3, 3], 2), undefined, { padding: 1 });
    const [a, b] = o.split(h, 2, 1);
    const fast = accelerate({ a, b: o.mul(b, 2) }, least);
    expect(new Set([...nodes(fast.a), ...nodes(fast.b)].filter((n) => n.op === "Split")).size).toBe(1);
  });
});

describe("the blocked layout of images", () => {
  const wide = (c: number) =>
    o.conv(o.input("x", [1, c, 32, 32]), fixed([c, c, 3, 3], 2), undefined, { padding: 1 });

  it("pays where 3 x 3 convolutions are computed by taps, not where they have become Winograd's", () => {
    expect(o.blockedLayoutPays({ y: wide(128) })).toBe(true);
    expect(o.blockedLayoutPays(accelerate({ y: wide(128) }))).toBe(false);
    expect(o.blockedLayoutPays(accelerate({ y: wide(64) }))).toBe(true);
  });
});

describe("asImageNormals", () => {
  it("gives the numbers of a normalisation over groups, without one over layers", async () => {
    const shape = [1, 8, 16, 32];
    const y = o.groupNorm(o.add(o.input("x", shape), 3), 4, fixed([8], 2), fixed([8], 3), 1e-3);
    const { y: fast } = o.asImageNormals({ y });
    expect(nodes(fast).map(({ op }) => op)).toContain("InstanceNormalization");
    expect(nodes(fast).map(({ op }) => op)).not.toContain("LayerNormalization");
    await expectSame(y, fast, shape);
  });

  it("leaves the normalisation of tokens", () => {
    const y = o.layerNorm(o.input("x", [2, 2048]), fixed([2048], 2), fixed([2048], 3));
    expect(o.asImageNormals({ y }).y).toBe(y);
  });
});
