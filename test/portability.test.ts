import { describe, expect, it } from "vitest";
import { createScope, initialize, swinLayer, trainableScope } from "../src/nn/index.js";
import * as o from "../src/onnx/index.js";
import { normals, runGraph } from "./run-graph.js";
import { maxDifference } from "./shared.js";

/** A small Swin layer, shifted windows included, with its weights as named constants. */
function swinBlock() {
  const x = o.input("x", [1, 16, 8, 12]);
  const options = {
    embed: 32,
    depth: 2,
    headChannels: 16,
    window: 4,
    mlpRatio: 2,
    shifted: true,
    masking: "neighbours",
  } as const;
  const { scope, parameters } = trainableScope();
  swinLayer(scope, x, options);
  const values = initialize(parameters(), 3);
  const frozen = createScope((name, shape) => {
    // The initialisers start biases at zero; here every parameter has to show.
    const { data } = values.get(name)!;
    const shaken = normals(shape, data.length).map((v, i) => data[i] + 0.1 * v);
    return o.constant(shaken, shape, name);
  });
  return { y: swinLayer(frozen, x, options) };
}

const feeds = { x: normals([1, 16, 8, 12], 5) };

describe("one model file", () => {
  it("gives the same numbers in onnxruntime-node and onnxruntime-web", async () => {
    const native = await runGraph(swinBlock(), feeds);
    const web = await runGraph(swinBlock(), feeds, { backend: "web", threads: 1 });
    expect(Math.max(...native.y.map(Math.abs))).toBeGreaterThan(0.1);
    expect(maxDifference(native.y, web.y)).toBeLessThan(1e-4);
  });

  it.each(["node", "web"] as const)(
    "loads with weights at half size (%s), to half precision",
    async (backend) => {
      const options = { backend, threads: 1 } as const;
      const whole = (await runGraph(swinBlock(), feeds, options)).y;
      const half = (await runGraph(swinBlock(), feeds, { ...options, precision: "float16" })).y;
      const scale = Math.max(...whole.map(Math.abs));
      const difference = maxDifference(whole, half) / scale;
      expect(difference).toBeLessThan(2e-3);
      expect(difference).toBeGreaterThan(1e-6); // or nothing was rounded
    },
  );
});
