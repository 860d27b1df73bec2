import { expect, it } from "vitest";
import { SamsrError } from "../base/errors.js";
import { blendWeights } from "./blend.js";

const named = (name: string, tensors: Record<string, readonly number[]>, shape?: number[]) => ({
  name,
  tensors: new Map(
    Object.entries(tensors).map(([key, values]) => [
      key,
      { shape: shape ?? [values.length], data: Float32Array.from(values) },
    ]),
  ),
});

const a = named("a", { "in.weight": [1, -2], "in.bias": [0.5] });
const b = named("b", { "in.bias": [0], "in.weight": [3, 6] });

it("lies on the line between the two, its ends included", () => {
  const at = (share: number) =>
    [...blendWeights(a, b, share)].map(([key, { shape, data }]) => [key, shape, [...data]]);
  expect(at(0.25)).toEqual([
    ["in.weight", [2], [1.5, 0]],
    ["in.bias", [1], [0.375]],
  ]);
  expect(at(0)[0][2]).toEqual([1, -2]);
  expect(at(1)[0][2]).toEqual([3, 6]);
});

it.each([
  ["of which one lacks a tensor", a, named("b", { "in.bias": [0] }), /^b: has no tensor "in.weight", a has/],
  ["of which one has one more", named("a", { "in.bias": [0] }), b, /^a: has no tensor "in.weight", b has/],
  [
    "of other shapes",
    named("a", { x: [1, 2] }),
    named("b", { x: [1, 2] }, [1, 2]),
    /^b: tensor "x" is \[1,2\], and \[2\] in a/,
  ],
])("refuses two %s", (_, a, b, message) => {
  expect(() => blendWeights(a, b, 0.5)).toThrow(SamsrError);
  expect(() => blendWeights(a, b, 0.5)).toThrow(message);
});
