/** Graphs in strips equal the whole ones, and need a fraction of their memory. */
import { describe, expect, it } from "vitest";
import { decodeLatent, encodeLatent, type VqConfig } from "../src/networks/index.js";
import { frozenScope, trainableScope } from "../src/nn/index.js";
import { accelerate } from "../src/onnx/accelerate.js";
import * as o from "../src/onnx/index.js";
import { inTopologicalOrder } from "../src/onnx/order.js";
import { normals, runGraph } from "./run-graph.js";

const CONFIG: VqConfig = { channels: 32, channelMult: [1, 2], resBlocks: 1, latentChannels: 3, codes: 16 };
/** So that what attention reads is whole. */
const LIMITS = { largest: 2 ** 17, strip: 2 ** 15 };

/** A network of the autoencoder with weights of its own. */
function built(network: typeof encodeLatent, x: o.Value): o.Value {
  const { scope, parameters } = trainableScope();
  network(scope, CONFIG, x);
  const weights = parameters().map(({ name, shape }, i) => {
    const scale = shape.length > 1 ? 1 / Math.sqrt(o.sizeOf(shape.slice(1))) : 0.3;
    return [name, { shape, data: normals(shape, i).map((v) => v * scale) }] as const;
  });
  return network(frozenScope(new Map(weights)), CONFIG, x);
}

const nodes = (y: o.Value) =>
  inTopologicalOrder([y]).flatMap(({ source }) => (source.kind === "node" ? [source.node] : []));

async function expectSame(y: o.Value, other: o.Value, x: o.Value) {
  expect(other.shape).toEqual(y.shape);
  const feeds = { x: normals(x.shape, 99) };
  const [expected, got] = [(await runGraph({ y }, feeds)).y, (await runGraph({ y: other }, feeds)).y];
  const scale = expected.reduce((largest, v) => Math.max(largest, Math.abs(v)), 0);
  const error = got.reduce((largest, v, i) => Math.max(largest, Math.abs(v - expected[i])), 0);
  expect(error / scale).toBeLessThan(2e-5);
  expect(scale).toBeGreaterThan(0.1);
}

describe("inStrips", () => {
  it.each([
    ["decoder", decodeLatent, o.input("x", [1, 3, 16, 20])],
    ["encoder", encodeLatent, o.input("x", [1, 3, 32, 40])],
  ])(
    "computes the %s as it does whole, also by Winograd, and no large image is joined",
    async (_, network, x) => {
      const y = built(network, x);
      const strips = o.inStrips({ y }, LIMITS).y;
      const most = (v: o.Value) =>
        Math.max(
          ...inTopologicalOrder([v])
            .filter(({ source }) => source.kind === "node")
            .map(({ shape, type }) =>
              shape.length === 4 && shape[0] === 1 && type === "float32" ? o.sizeOf(shape) * 4 : 0,
            ),
        );
      expect(most(y)).toBeGreaterThan(LIMITS.largest);
      expect(most(strips)).toBeLessThan(LIMITS.largest);
      await expectSame(y, strips, x);
      const fast = accelerate({ y: strips }, { channels: 32, tiles: 1 }).y;
      const taps = (v: o.Value) =>
        nodes(v).filter((n) => n.op === "Conv" && n.inputs[1]!.shape[2] === 3).length;
      expect(taps(fast)).toBeLessThan(taps(strips) / 2);
      await expectSame(y, fast, x);
    },
  );

  it("gives whole what an operator reads that has no strips, and leaves small graphs as they are", async () => {
    const x = o.input("x", [1, 4, 32, 32]);
    const h = o.silu(o.mul(x, 3));
    const y = o.add(o.transpose(o.transpose(h, [0, 1, 3, 2]), [0, 1, 3, 2]), o.reduceMean(h, [2], true));
    const strips = o.inStrips({ y }, { largest: 2 ** 13, strip: 2 ** 12 }).y;
    expect(nodes(strips).some(({ op }) => op === "Concat")).toBe(true);
    await expectSame(y, strips, x);
    expect(o.inStrips({ y }).y).toBe(y);
  });
});
