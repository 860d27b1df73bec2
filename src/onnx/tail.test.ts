import { describe, expect, it } from "vitest";
import { normals, runGraph } from "../../test/run-graph.js";
import * as o from "./index.js";
import { peakBytes } from "./memory.js";
import { inTopologicalOrder } from "./order.js";

const fixed = (shape: o.Shape, seed: number) => o.constant(normals(shape, seed), shape);
const x = o.input("x", [1, 4, 12, 10]);
const LIMITS = { largest: 2 ** 13, strip: 2 ** 13 };

function conv(v: o.Value, channels: number, seed: number): o.Value {
  const weight = fixed([channels, v.shape[1], 3, 3], seed);
  return o.conv(v, weight, fixed([channels], seed + 1), { padding: 1 });
}

const count = (v: o.Value, op: string) =>
  inTopologicalOrder([v]).filter(({ source }) => source.kind === "node" && source.node.op === op).length;

async function results(...graphs: readonly o.Value[]) {
  const feeds = { x: normals(x.shape, 9) };
  return Promise.all(graphs.map(async (y) => (await runGraph({ y }, feeds)).y));
}

describe("tailInStrips", () => {
  const small = o.relu(conv(x, 6, 2));
  const doubled = o.leakyRelu(conv(o.upsampleNearest(small, 2), 8, 4), 0.2);
  const shuffled = o.pixelShuffle(conv(small, 27, 5), 3);

  it.each([
    ["enlargements by convolutions", conv(o.upsampleNearest(doubled, 2), 3, 6)],
    ["one by a number that strips do not divide by", conv(o.upsampleNearest(conv(small, 8, 7), 3), 3, 6)],
    [
      "a sum with another enlargement",
      o.mul(o.add(conv(shuffled, 3, 8), conv(o.upsampleNearest(small, 3), 3, 3)), 2),
    ],
    ["numbers of each channel", o.prelu(conv(o.upsampleNearest(doubled, 2), 3, 6), fixed([3, 1, 1], 5))],
  ])("computes %s to the bit as at once, for less memory", async (_, y) => {
    const strips = o.tailInStrips({ y }, LIMITS).y;
    expect(strips.shape).toEqual(y.shape);
    expect(count(strips, "Resize") + count(strips, "DepthToSpace")).toBeGreaterThan(
      count(y, "Resize") + count(y, "DepthToSpace"),
    );
    expect(count(strips, "Concat")).toBe(1);
    expect(peakBytes([strips])).toBeLessThan(0.9 * peakBytes([y]));
    const [expected, got] = await results(y, strips);
    expect(got).toEqual(expected);
  });

  it("leaves what has small images, looks further than a few rows, or would be computed twice", () => {
    const y = conv(o.upsampleNearest(doubled, 2), 3, 6);
    expect(o.tailInStrips({ y }).y).toBe(y);
    const mean = o.mul(y, o.reduceMean(y, [2, 3], true));
    expect(o.tailInStrips({ mean }, LIMITS).mean).toBe(mean);
    const halved = o.averagePool(y, 2);
    expect(o.tailInStrips({ halved }, LIMITS).halved).toBe(halved);
    expect(o.tailInStrips({ small }, { largest: 0 }).small).toBe(small);
    let deep = o.upsampleNearest(small, 2);
    for (let i = 0; i < 24; i++) deep = conv(deep, 6, i);
    expect(o.tailInStrips({ deep }, LIMITS).deep).toBe(deep);
  });
});
