import { describe, expect, it } from "vitest";
import { streamModel, toModel } from "./model.js";
import * as o from "./operators/index.js";
import { constant, input, integers, type Value } from "./value.js";

/** Nodes of the graph, without the Identity that gives each output its name. */
const count = (...values: Value[]) =>
  toModel(Object.fromEntries(values.map((v, i) => [`y${i}`, v]))).nodes - values.length;

/** How often some text stands in the file, for names are stored as they are. */
function occurrences(bytes: Uint8Array, text: string): number {
  return Buffer.from(bytes).toString("latin1").split(text).length - 1;
}

describe("toModel", () => {
  const x = input("x", [2, 3]);

  it("writes a repeated expression once", () => {
    const twice = () => o.exp(o.mul(x, 2));
    expect(count(o.add(twice(), twice()))).toBe(3);
    expect(count(twice(), twice())).toBe(2);
    expect(count(o.split(x, 3, 1)[0], o.split(x, 3, 1)[2])).toBe(1);
  });

  it("keeps apart what differs in an attribute, an input, their order or the number of outputs", () => {
    expect(count(o.softmax(x, 0), o.softmax(x, 1))).toBe(2);
    expect(count(o.sub(x, 1), o.sub(1, x))).toBe(2);
    expect(count(o.split(x, [1, 2], 1)[0], o.split(x, 3, 1)[0])).toBe(2);
    expect(count(o.reduceSum(x, [0]), o.reduceSum(x, [0], true))).toBe(2);
  });

  it("drops what the outputs do not reach", () => {
    const y = o.exp(x);
    o.sin(y);
    const unused = input("unused", [1]);
    const model = toModel({ y: o.neg(y) });
    expect(model.nodes).toBe(3);
    expect(model.inputs.map((i) => i.name)).toEqual(["x"]);
    expect(toModel({ y }, {}, [unused]).inputs.map((i) => i.name)).toEqual(["x", "unused"]);
  });

  it("merges equal constants and no others", () => {
    const initializers = (v: Value) =>
      new Set(Buffer.from(toModel({ v }).bytes).toString("latin1").match(/c\d+/g)).size;
    expect(initializers(o.add(o.mul(x, 2), o.div(x, 2)))).toBe(1);
    expect(initializers(o.add(o.mul(x, 2), o.div(x, 3)))).toBe(2);
    expect(initializers(o.add(o.mul(x, constant([2], [1])), o.div(x, 2)))).toBe(2); // another shape
    expect(initializers(o.add(o.div(x, 0), o.div(x, -0)))).toBe(2); // equal, and yet 1 / 0 is not 1 / -0
    const indices = [integers([1]), constant(Int32Array.of(1))];
    expect(initializers(o.add(o.cast(indices[0], "float32"), o.cast(indices[1], "float32")))).toBe(2);
  });

  it("refuses two inputs of one name that differ, and joins two that do not", () => {
    const twin = input("x", [3]);
    expect(() => toModel({ y: o.add(x, twin) })).toThrow('model: two inputs are named "x": [2,3] and [3]');
    const whole = input("x", [2, 3], "int32");
    expect(() => toModel({ y: o.add(x, o.cast(whole, "float32")) })).toThrow('two inputs are named "x"');
    expect(toModel({ y: o.add(x, input("x", [2, 3])) }).inputs).toHaveLength(1);
  });

  it("refuses two different weights of one name, and writes one that comes twice once", () => {
    const weight = (value: number) => constant([value, value, value], [3], "layer.weight");
    expect(() => toModel({ y: o.add(o.mul(x, weight(1)), weight(2)) })).toThrow(
      'model: two tensors are named "layer.weight"',
    );
    expect(() => toModel({ y: o.add(x, constant([1], [1], "x")) })).toThrow('two tensors are named "x"');
    expect(() => toModel({ x: o.exp(x) })).toThrow('model: an output has the name of the input "x"');
    const same = toModel({ y: o.add(o.mul(x, weight(1)), weight(1)) });
    // As an initializer, and as an input of two nodes.
    expect(occurrences(same.bytes, "layer.weight")).toBe(3);
  });

  it("gives a second name to one value, and takes an input or a constant for an output", () => {
    const y = o.exp(x);
    const model = toModel({ a: y, b: y, copy: x, one: constant(1) });
    expect(model.outputs).toEqual(["a", "b", "copy", "one"]);
    expect(model.nodes).toBe(5);
  });

  it("stores weights at half the size and other constants whole", () => {
    const weight = constant(new Float32Array(1000).fill(0.5), [10, 100], "w");
    const table = constant(new Float32Array(1000).fill(0.25), [10, 100]);
    const y = o.add(weight, table);
    const full = toModel({ y }).bytes.length;
    const small = toModel({ y }, { precision: "float16" });
    expect(full - small.bytes.length).toBeGreaterThan(1900);
    expect(full - small.bytes.length).toBeLessThan(2000);
    expect(small.nodes).toBe(3); // Cast, Add, Identity
  });

  it("keeps vectors, what half precision cannot hold, and what must be exact in float32", () => {
    const casts = (shape: number[], value: number, exact?: (name: string) => boolean) => {
      const y = constant(new Float32Array(100).fill(value), shape, "w");
      return occurrences(toModel({ y }, { precision: "float16", exact }).bytes, "w.float16");
    };
    expect(casts([10, 10], 65519)).toBeGreaterThan(0);
    expect(casts([100], 1)).toBe(0);
    expect(casts([10, 10], -65520)).toBe(0);
    expect(casts([10, 10], Number.NaN)).toBe(0);
    expect(casts([10, 10], 1, (name) => name === "w")).toBe(0);
  });

  it("is the same file piece by piece, and the pieces may be asked for again", () => {
    const weight = constant(new Float32Array(1000).fill(0.5), [10, 100], "w");
    const y = o.add(weight, o.exp(input("x", [10, 100])));
    for (const precision of ["float32", "float16"] as const) {
      const { bytes, ...facts } = toModel({ y }, { precision });
      const { size, pieces, ...streamed } = streamModel({ y }, { precision });
      expect(streamed).toEqual(facts);
      expect(size).toBe(bytes.length);
      for (let i = 0; i < 2; i++) expect(Buffer.concat([...pieces()]).equals(bytes)).toBe(true);
    }
  });

  it("is the same file for the same graph, whatever was built before", () => {
    const build = () =>
      toModel({ y: o.silu(o.mul(input("x", [2]), 3)) }, { metadata: { kind: "test" } }).bytes;
    const first = build();
    o.exp(x);
    expect(build()).toEqual(first);
    expect(occurrences(first, "kind")).toBe(1);
  });
});
