/** A graph of which the runtime finds out no shapes, beside the same graph with all of them. */
import { expect, it } from "vitest";
import { anySize } from "../src/onnx/any-size.js";
import * as o from "../src/onnx/index.js";
import { inTopologicalOrder } from "../src/onnx/order.js";
import { createSession, floatTensor } from "../src/runtime/index.js";
import { normals } from "./run-graph.js";

const C = 8;
const weights = o.constant(normals([3, 5, C], 2), [1, 3, 5, C]);

/** Products of matrices transposed in each way, one scaled, of a normalised picture. */
function build([, h, w]: readonly number[]): Record<string, o.Value> {
  const x = o.groupNorm(
    o.input("x", [1, C, h, w]),
    4,
    o.constant(normals([C], 3)),
    o.constant(normals([C], 4)),
  );
  const rows = o.reshape(x, [1, C, h, w]);
  const scores = o.matmul(o.mul(rows, 0.3), o.transposeLast(rows));
  const planes = o.reshape(o.concat([x, x, x], 1), [C, 1, 3, h * w]);
  return { scores, mixed: o.matmul(weights, o.transpose(planes, [1, 2, 0, 3])) };
}

const opsOf = (outputs: Record<string, o.Value>) =>
  inTopologicalOrder(Object.values(outputs)).flatMap(({ source }) =>
    source.kind === "node" ? [source.node.op] : [],
  );

it("computes the same to the bit, and is joined where the runtime would join by shapes", async () => {
  const { outputs } = anySize(build, { input: "x", batch: 1 })!;
  const open = o.shapeless(outputs);
  expect(opsOf(open).filter((op) => op === "FusedMatMul")).toHaveLength(2);
  expect(opsOf(open)).not.toContain("MatMul");
  const options = { device: "cpu", threads: 1, optimization: "extended" } as const;
  const session = await createSession(o.toModel(open, { undeclared: true }).bytes, options);
  for (const [h, w] of [
    [8, 12],
    [20, 4],
  ]) {
    const feeds = { x: floatTensor([1, C, h, w], normals([1, C, h, w])) };
    const known = await createSession(o.toModel(build([1, h, w])).bytes, options);
    const [due, made] = [await known.run(feeds), await session.run(feeds)];
    for (const name of ["scores", "mixed"]) {
      expect(made[name].shape).toEqual(due[name].shape);
      expect(made[name].data).toEqual(due[name].data);
    }
    await known.release();
  }
  await session.release();
});

it("tells the runtime of no output how many sides it has", async () => {
  const { outputs, dimensions } = anySize(build, { input: "x", batch: 1 })!;
  const ranks = async (bytes: Uint8Array) => {
    const { facts, release } = await createSession(bytes, { device: "cpu", threads: 1 });
    await release();
    return facts.outputs.map(({ shape }) => shape.length);
  };
  expect(await ranks(o.toModel(outputs, { dimensions }).bytes)).toEqual([4, 4]);
  expect(await ranks(o.toModel(o.shapeless(outputs), { undeclared: true }).bytes)).toEqual([0, 0]);
  // A side that is gathered from the shape alone gives the number away.
  expect(await ranks(o.toModel(outputs, { undeclared: true }).bytes)).toEqual([4, 4]);
});
