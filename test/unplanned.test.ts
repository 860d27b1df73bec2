import { expect, it } from "vitest";
import * as o from "../src/onnx/index.js";
import { createSession, floatTensor } from "../src/runtime/index.js";
import { normals } from "./run-graph.js";

it("has the runtime find out no shapes of a graph of one size, and no number changes", async () => {
  const shape = [1, 8, 8, 12];
  const fixed = (sides: o.Shape, seed: number) => o.constant(normals(sides, seed), sides);
  const x = o.input("x", shape);
  const tokens = o.reshape(
    o.transpose(o.groupNorm(x, 4, fixed([8], 1), fixed([8], 2)), [0, 2, 3, 1]),
    [96, 8],
  );
  const parts = o.split(o.reshape(o.gemm(tokens, fixed([8, 24], 3), {}), [6, 16, 3, 8]), 3, 2);
  const [q, k, v] = parts.map((part) => o.reshape(part, [6, 16, 8]));
  const attended = o.matmul(o.softmax(o.matmul(o.mul(q, 0.3), o.transposeLast(k))), v);
  const y = o.transpose(o.reshape(attended, [1, 8, 12, 8]), [0, 3, 1, 2]);
  const open = o.unplanned({ y }, "x");
  const feeds = { x: floatTensor(shape, normals(shape, 4)) };
  const run = async (outputs: { readonly y: o.Value }, undeclared: boolean) => {
    const { bytes } = o.toModel(outputs, { undeclared });
    const session = await createSession(bytes, { device: "cpu", threads: 1, optimization: "extended" });
    const { y: made } = await session.run(feeds);
    await session.release();
    return {
      made: made!,
      sides: session.facts.outputs.map((output) => output.shape.filter((side) => Number(side) > 0).length),
    };
  };
  const [due, got] = [await run({ y }, false), await run(open, true)];
  expect(got.made).toEqual(due.made);
  expect([due.sides, got.sides]).toEqual([[4], [0]]);
});
