import { describe, expect, it } from "vitest";
import { TINY } from "../src/networks/index.js";
import { trainableScope } from "../src/nn/index.js";
import { countFlops } from "../src/onnx/flops.js";
import { gradients, type Value } from "../src/onnx/index.js";
import { teacherLoss } from "../src/train/teacher.js";

/** Whether a value is computed from the graph input of this name. */
function restsOn(name: string): (value: Value) => boolean {
  const known = new Map<Value, boolean>();
  return (value) => {
    // A stack of its own: a network is deeper than that of the machine is sure to be.
    const waiting = [value];
    for (let v = waiting.at(-1); v; v = waiting.at(-1)) {
      const { source } = v;
      const inputs = source.kind === "node" ? source.node.inputs.filter((i) => i !== undefined) : [];
      const unknown = inputs.filter((i) => !known.has(i));
      if (!known.has(v) && unknown.length > 0) {
        waiting.push(...unknown);
        continue;
      }
      known.set(v, source.kind === "input" ? source.name === name : inputs.some((i) => known.get(i)));
      waiting.pop();
    }
    return known.get(value)!;
  };
}

describe("the training graph of the bundled model", () => {
  const { scope, parameters } = trainableScope();
  const loss = teacherLoss(scope, TINY, { batch: 1, side: 32 }, { kappa: 0.3 });
  const specs = parameters();
  const slopes = gradients(
    loss,
    specs.map(({ value }) => value),
  );

  it("gives every parameter a gradient, which depends on what the network ought to have said", () => {
    const reached = restsOn("hr");
    expect(reached(loss)).toBe(true);
    expect(specs.length).toBeGreaterThan(100);
    const forgotten = specs.filter((_, i) => slopes[i].source.kind === "constant" || !reached(slopes[i]));
    expect(forgotten.map(({ name }) => name)).toEqual([]);
  });

  it("costs about three times the forward pass: a product has two factors to differentiate", () => {
    const forward = countFlops([loss]).products;
    const all = countFlops([loss, ...slopes]).products;
    expect(forward).toBeGreaterThan(1e9);
    expect(all / forward).toBeGreaterThan(2.5);
    expect(all / forward).toBeLessThan(3.5);
  });
});
