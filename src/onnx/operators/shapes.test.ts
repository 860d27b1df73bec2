import { describe, expect, it } from "vitest";
import { constant, input, integers, type Shape, type Value } from "../value.js";
import * as o from "./index.js";

const v = (...shape: number[]) => input("x", shape);

/** A mistake in each family of operators, and what a person reads then. */
const mistakes: [string, () => unknown, string][] = [
  ["elementwise", () => o.add(v(2, 3), v(4)), "Add: shapes [2,3] and [4] do not broadcast"],
  ["types", () => o.mul(v(2), integers([1, 2])), "Mul: types float32 and int64 differ"],
  ["comparison", () => o.greater(v(2), v(3)), "Greater: shapes [2] and [3] do not broadcast"],
  ["where", () => o.where(v(2), v(2), v(2)), "Where: the condition must be bool, got float32"],
  ["where, shapes", () => o.where(o.greater(v(4), 0), v(3), 0), "Where: shapes [4] and [3] do not broadcast"],
  ["meanSquaredError", () => o.meanSquaredError(v(2), v(3)), "Sub: shapes [2] and [3]"],
  ["reduction", () => o.reduceSum(v(2, 3), [2]), "ReduceSum: axis 2 is outside a tensor of rank 2"],
  ["softmax", () => o.softmax(v(2, 3), -3), "Softmax: axis -3 is outside a tensor of rank 2"],
  ["groupNorm", () => o.groupNorm(v(1, 6, 2, 2), 4, v(6), v(6)), "GroupNorm: 6 channels of [1,6,2,2]"],
  ["groupNorm, weight", () => o.groupNorm(v(1, 6, 2, 2), 3, v(5), v(6)), "[5] does not fit into [1,6,1,1]"],
  [
    "layerNorm",
    () => o.layerNorm(v(2, 3), v(2), v(3)),
    "LayerNorm: weight [2] and bias [3] do not fit [2,3]",
  ],
  ["reshape", () => o.reshape(v(2, 3), [4, -1]), "Reshape: [2,3] does not fit into [4,-1]"],
  ["reshape, two unknown", () => o.reshape(v(2, 3), [-1, -1]), "Reshape: [2,3] does not fit into [-1,-1]"],
  ["transpose", () => o.transpose(v(2, 3), [0, 0]), "Transpose: [0,0] is no order of the axes of [2,3]"],
  ["expand", () => o.expand(v(2, 3), [3]), "Expand: [2,3] does not broadcast to [3]"],
  ["concat", () => o.concat([v(2, 3), v(3, 3)], 1), "Concat: [2,3] and [3,3] differ beside axis 1"],
  ["split", () => o.split(v(2, 3), 2, 1), "Split: sizes [1.5,1.5] do not add up to side 3 of [2,3]"],
  ["slice", () => o.slice(v(2, 3), [1], [1], [4]), "Slice: 1..4 by 1 on axis 1 is outside [2,3]"],
  ["pad", () => o.pad(v(2, 3), [0], [1]), "Pad: [0] before and [1] after do not fit [2,3]"],
  ["pad, reflect", () => o.pad(v(2, 3), [0, 0], [0, 3], "reflect"), "wider than [2,3] allows"],
  ["pad, cutting", () => o.pad(v(2, 3), [0, -1], [0, 0], "edge"), "Pad: edge cannot cut"],
  ["gather", () => o.gather(v(2, 3), v(1)), "Gather: indices must be int64, got float32"],
  ["upsampleNearest", () => o.upsampleNearest(v(2, 3), 2), "Resize: expected [N, C, H, W], got [2,3]"],
  ["averagePool", () => o.averagePool(v(1, 1, 5, 4), 2), "AveragePool: sides 5 x 4 of [1,1,5,4]"],
  ["spaceToDepth", () => o.spaceToDepth(v(1, 1, 4, 6), 4), "SpaceToDepth: sides 4 x 6 of [1,1,4,6]"],
  ["depthToSpace", () => o.depthToSpace(v(1, 6, 2, 2), 2), "DepthToSpace: 6 channels of [1,6,2,2]"],
  ["matmul", () => o.matmul(v(2, 3), v(2, 3)), "MatMul: [2,3] times [2,3]"],
  ["matmul, batches", () => o.matmul(v(2, 3, 4), v(3, 4, 5)), "MatMul: shapes [2] and [3]"],
  ["gemm", () => o.gemm(v(2, 3), v(4, 3)), "Gemm: [2,3] times [4,3]"],
  ["gemm, bias", () => o.gemm(v(2, 3), v(3, 4), { bias: v(3) }), "Gemm: shapes [3] and [2,4]"],
  [
    "gemm, large bias",
    () => o.gemm(v(1, 3), v(3, 4), { bias: v(2, 4) }),
    "Gemm: bias [2,4] does not broadcast to [1,4]",
  ],
  ["conv", () => o.conv(v(1, 3, 8, 8), v(4, 2, 3, 3)), "Conv: input [1,3,8,8], weight [4,2,3,3]"],
  ["conv, bias", () => o.conv(v(1, 3, 8, 8), v(4, 3, 3, 3), v(3)), "bias [3]"],
  [
    "conv, too small",
    () => o.conv(v(1, 3, 2, 8), v(4, 3, 3, 3)),
    "Conv: kernel 3 x 3 is larger than [1,3,2,8]",
  ],
  ["convTranspose", () => o.convTranspose(v(1, 3, 8, 8), v(4, 3, 3, 3)), "ConvTranspose: input [1,3,8,8]"],
  [
    "convTranspose, bias",
    () => o.convTranspose(v(1, 3, 8, 8), v(3, 4, 3, 3), v(3)),
    "ConvTranspose: input [1,3,8,8], weight [3,4,3,3], bias [3]",
  ],
  ["constant", () => constant([1, 2], [3]), "constant: shape [3] needs 3 numbers, got 2"],
];

const shapes: [string, Value, Shape][] = [
  ["add", o.add(v(4, 1, 3), v(2, 1)), [4, 2, 3]],
  ["reduceMean", o.reduceMean(v(2, 3, 4), [-1, 0]), [3]],
  ["reduceMean, kept", o.reduceMean(v(2, 3, 4), [-1, 0], true), [1, 3, 1]],
  ["slice by 2", o.slice(v(7), [0], [1], [7], [2]), [3]],
  ["gather", o.gather(v(5, 6), integers([0, 1, 2, 3], [2, 2]), 1), [5, 2, 2]],
  ["matmul", o.matmul(v(3, 1, 2, 4), v(5, 4, 6)), [3, 5, 2, 6]],
  ["conv", o.conv(v(1, 3, 7, 9), v(4, 3, 3, 3), undefined, { stride: 2, padding: 1 }), [1, 4, 4, 5]],
  [
    "convTranspose",
    o.convTranspose(v(1, 3, 4, 5), v(3, 2, 3, 3), undefined, { stride: 2, padding: 1 }),
    [1, 2, 7, 9],
  ],
  ["pad", o.pad(v(4, 4), [1, -1], [2, 0]), [7, 3]],
];

describe("operators", () => {
  it.each(mistakes)("name themselves and the shapes: %s", (_, f, message) => expect(f).toThrow(message));
  it.each(shapes)("%s infers its shape", (_, value, shape) => expect(value.shape).toEqual(shape));

  it("leave out nodes that would do nothing", () => {
    const x = v(2, 3);
    expect(o.reshape(x, [2, -1])).toBe(x);
    expect(o.transpose(x, [0, 1])).toBe(x);
    expect(o.expand(x, [2, 3])).toBe(x);
    expect(o.slice(x, [0], [0], [2])).toBe(x);
    expect(o.pad(x, [0, 0], [0, 0])).toBe(x);
    expect(o.concat([x], 0)).toBe(x);
    expect(o.split(x, 1, 0)[0]).toBe(x);
    expect(o.cast(x, "float32")).toBe(x);
  });
});
