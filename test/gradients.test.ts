import { describe, expect, test } from "vitest";
import * as o from "../src/onnx/index.js";
import { worstRelativeError } from "./central-differences.js";

const image = [2, 4, 6, 6];
const positive = { low: 0.5, high: 1.5 };
type Case = [string, (...xs: o.Value[]) => o.Value | o.Value[], number[][], object?];
const cases: Case[] = [
  ["add, broadcast", o.add, [[3, 4], [4]]],
  [
    "sub, broadcast",
    o.sub,
    [
      [3, 1],
      [1, 4],
    ],
  ],
  [
    "mul, broadcast",
    o.mul,
    [
      [2, 3, 4],
      [3, 1],
    ],
  ],
  [
    "div",
    o.div,
    [
      [3, 4],
      [3, 4],
    ],
    positive,
  ],
  [
    "pow",
    o.pow,
    [
      [3, 4],
      [3, 4],
    ],
    positive,
  ],
  ["maximum", o.maximum, [[5], [5]], { step: 1e-3 }],
  ["minimum", o.minimum, [[5], [5]], { step: 1e-3 }],
  ["neg", o.neg, [[5]]],
  ["abs", o.abs, [[8]], { low: 0.1 }],
  ["exp", o.exp, [[8]]],
  ["log", o.log, [[8]], positive],
  ["sqrt", o.sqrt, [[8]], positive],
  ["sin", o.sin, [[8]]],
  ["cos", o.cos, [[8]]],
  ["erf", o.erf, [[8]]],
  ["tanh", o.tanh, [[8]]],
  ["sigmoid", o.sigmoid, [[8]]],
  ["silu", o.silu, [[8]], { low: -3, high: 3 }],
  ["gelu", o.gelu, [[8]], { low: -3, high: 3 }],
  ["mish", o.mish, [[8]], { low: -3, high: 3 }],
  ["relu", o.relu, [[8]], { step: 1e-3 }],
  ["clip", (x) => o.clip(x, -0.5, 0.5), [[16]], { step: 1e-3 }],
  [
    "where",
    (a, b) => o.where(o.greater(o.constant([1, -1, 1, -1]), 0), o.mul(a, 2), b),
    [
      [3, 4],
      [1, 4],
    ],
  ],
  ["cast", (x) => o.cast(o.cast(x, "float32"), "float32"), [[4]]],
  ["reduceSum", (x) => o.reduceSum(x, [0, 2]), [[2, 3, 4]]],
  ["reduceMean", (x) => o.reduceMean(x, [-1], true), [[2, 3, 4]]],
  ["reduceMax", (x) => o.reduceMax(x, [1]), [[2, 5]], { step: 1e-3 }],
  ["softmax", (x) => o.softmax(x), [[3, 5]], { low: -2, high: 2 }],
  ["softmax, inner axis", (x) => o.softmax(x, 1), [[2, 5, 3]], { low: -2, high: 2 }],
  ["layerNorm", (x, w, b) => o.layerNorm(x, w, b), [[4, 8], [8], [8]]],
  ["groupNorm", (x, w, b) => o.groupNorm(x, 2, w, b), [image, [4], [4]]],
  ["groupNorm, modulated", (x, w, b) => o.groupNorm(x, 2, w, b), [image, [2, 4], [2, 4]]],
  ["reshape", (x) => o.reshape(x, [4, -1]), [[2, 6]]],
  ["transpose", (x) => o.transpose(x, [2, 0, 1]), [[2, 3, 4]]],
  ["expand", (x) => o.expand(x, [2, 3, 4]), [[3, 1]]],
  [
    "concat",
    (a, b) => o.concat([a, b], 1),
    [
      [2, 3],
      [2, 2],
    ],
  ],
  ["split", (x) => o.split(x, [1, 3], 1), [[2, 4]]],
  ["split, one part unused", (x) => o.split(x, 2, 1)[1], [[2, 4]]],
  ["slice", (x) => o.slice(x, [1], [1], [3]), [[2, 4]]],
  ["slice by 2", (x) => o.slice(x, [1, 2], [1, 0], [6, 5], [2, 2]), [[2, 6, 5]]],
  ["pad, constant", (x) => o.pad(x, [0, 1], [2, 0]), [[2, 3]]],
  ["pad, cutting", (x) => o.pad(x, [-1, 1], [0, -1]), [[3, 4]]],
  ["pad, reflect", (x) => o.pad(x, [0, 0, 2, 1], [0, 0, 1, 3], "reflect"), [image]],
  ["pad, edge", (x) => o.pad(x, [0, 0, 2, 1], [0, 0, 1, 3], "edge"), [image]],
  ["gather, repeated", (x) => o.gather(x, o.integers([0, 2, 2, 1], [2, 2])), [[3, 4]]],
  ["gather, inner axis", (x) => o.gather(x, o.integers([3, 0, 3]), 1), [[2, 4, 2]]],
  ["upsampleNearest", (x) => o.upsampleNearest(x, 2), [image]],
  ["averagePool", (x) => o.averagePool(x, 2), [image]],
  ["maxPool", (x) => o.maxPool(x, { kernel: 3, stride: 2 }), [[1, 2, 7, 9]], { step: 1e-3 }],
  [
    "maxPool, the last windows cut",
    (x) => o.maxPool(x, { kernel: 3, stride: 2, ceil: true }),
    [[1, 2, 6, 8]],
    { step: 1e-3 },
  ],
  [
    "maxPool, an edge left over",
    (x) => o.maxPool(x, { kernel: 2, stride: 2 }),
    [[1, 2, 5, 7]],
    { step: 1e-3 },
  ],
  ["spaceToDepth", (x) => o.spaceToDepth(x, 2), [image]],
  ["depthToSpace", (x) => o.depthToSpace(x, 2), [image]],
  ["pixelShuffle", (x) => o.pixelShuffle(x, 2), [image]],
  ["pixelUnshuffle", (x) => o.pixelUnshuffle(x, 2), [image]],
  [
    "matmul",
    o.matmul,
    [
      [3, 4],
      [4, 2],
    ],
  ],
  [
    "matmul, batched with broadcasting",
    o.matmul,
    [
      [2, 1, 3, 4],
      [3, 4, 2],
    ],
  ],
  ["gemm", (a, b, c) => o.gemm(a, b, { bias: c }), [[3, 4], [4, 2], [2]]],
  [
    "gemm, A transposed",
    (a, b) => o.gemm(a, b, { transA: true, alpha: 0.5 }),
    [
      [4, 3],
      [4, 2],
    ],
  ],
  [
    "gemm, B transposed",
    (a, b) => o.gemm(a, b, { transB: true }),
    [
      [3, 4],
      [2, 4],
    ],
  ],
  [
    "gemm, both transposed",
    (a, b) => o.gemm(a, b, { transA: true, transB: true }),
    [
      [4, 3],
      [2, 4],
    ],
  ],
  ["conv 3x3", (x, w, b) => o.conv(x, w, b, { padding: 1 }), [image, [3, 4, 3, 3], [3]]],
  [
    "conv 3x3, large image",
    (x, w) => o.conv(x, w, undefined, { padding: 1 }),
    [
      [1, 2, 16, 17],
      [3, 2, 3, 3],
    ],
  ],
  [
    "conv 3x3, one row",
    (x, w) => o.conv(x, w, undefined, { padding: 1 }),
    [
      [2, 3, 1, 4],
      [3, 3, 3, 3],
    ],
  ],
  [
    "conv 3x3, one pixel",
    (x, w) => o.conv(x, w, undefined, { padding: 1 }),
    [
      [2, 3, 1, 1],
      [3, 3, 3, 3],
    ],
  ],
  ["conv 3x3, no padding", (x, w) => o.conv(x, w), [image, [3, 4, 3, 3]]],
  ["conv 1x1", (x, w, b) => o.conv(x, w, b), [image, [3, 4, 1, 1], [3]]],
  ["conv 3x3, stride 2", (x, w, b) => o.conv(x, w, b, { stride: 2, padding: 1 }), [image, [3, 4, 3, 3], [3]]],
  [
    "conv 3x3, stride 2, odd",
    (x, w) => o.conv(x, w, undefined, { stride: 2, padding: 1 }),
    [
      [1, 2, 7, 5],
      [3, 2, 3, 3],
    ],
  ],
  ["conv 1x1, stride 2", (x, w) => o.conv(x, w, undefined, { stride: 2 }), [image, [3, 4, 1, 1]]],
  ["conv 5x5", (x, w) => o.conv(x, w, undefined, { padding: 2 }), [image, [2, 4, 5, 5]]],
  [
    "convTranspose",
    (x, w, b) => o.convTranspose(x, w, b, { stride: 2, padding: 1, extra: [1, 1] }),
    [image, [4, 3, 3, 3], [3]],
  ],
  [
    "convTranspose, stride 1",
    (x, w) => o.convTranspose(x, w, undefined, { padding: 1 }),
    [image, [4, 3, 3, 3]],
  ],
  [
    "meanSquaredError",
    o.meanSquaredError,
    [
      [3, 4],
      [3, 4],
    ],
  ],
  [
    "stopGradient",
    (x) => o.sub(o.mul(x, x), o.sub(o.mul(x, x), o.add(o.stopGradient(o.mul(x, 0)), o.mul(x, x)))),
    [[5]],
  ],
  ["second order", (x) => o.gradients(o.reduceSum(o.exp(o.mul(x, x))), [x])[0], [[5]], { step: 2e-3 }],
];

/** So that a gradient has to pass the operator, and not only to arrive at it. */
const behind = (x: o.Value) => o.mul(x, 1.1);

describe("gradients against central differences", () => {
  test.each(cases)("%s", async (_, f, shapes, options) => {
    const through = (...xs: o.Value[]) => f(...xs.map(behind));
    expect(await worstRelativeError(through, shapes, options)).toBeLessThan(1e-3);
  });
});
