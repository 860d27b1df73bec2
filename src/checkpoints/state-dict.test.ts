import { describe, expect, it } from "vitest";
import { SamsrError } from "../base/errors.js";
import type { PthTensor, PthValue } from "./pth.js";
import { shapesOf, stateDictOf } from "./state-dict.js";

const tensor = (...data: number[]): PthTensor => ({
  shape: [data.length],
  dtype: "float32",
  data: Float32Array.from(data),
});
const names = (root: PthValue) => [...stateDictOf({ name: "x.pth", root }).keys()];
const state = (...keys: string[]) => new Map(keys.map((key) => [key, tensor(1)]));

describe("stateDictOf", () => {
  it("takes a bare state dict, or one in its wrapper", () => {
    expect(names(state("conv.weight", "conv.bias"))).toEqual(["conv.weight", "conv.bias"]);
    for (const wrapper of ["state_dict", "params_ema", "params", "model"]) {
      expect(
        names(
          new Map<string, PthValue>([
            ["epoch", 3],
            [wrapper, state("w")],
          ]),
        ),
      ).toEqual(["w"]);
    }
    expect(names(new Map([["model", new Map([["state_dict", state("w")]])]]))).toEqual(["w"]);
  });

  it("prefers a moving average", () => {
    expect(
      names(
        new Map([
          ["params", state("raw")],
          ["params_ema", state("average")],
        ]),
      ),
    ).toEqual(["average"]);
  });

  it("does not take a parameter for a wrapper", () => {
    expect(
      names(
        new Map([
          ["model", tensor(1)],
          ["w", tensor(2)],
        ]),
      ),
    ).toEqual(["model", "w"]);
  });

  it("takes off what wrapping and compiling put in front, however often", () => {
    const root = state("module.a", "_orig_mod.b", "module._orig_mod.c", "_orig_mod.module.d", "e.module.f");
    expect(names(root)).toEqual(["a", "b", "c", "d", "e.module.f"]);
    expect(() => names(state("a", "module.a"))).toThrow('x.pth: two tensors are called "a"');
  });

  it("takes off the name of the network's owner where every tensor has it", () => {
    expect(names(state("model.a", "model.b.c"))).toEqual(["a", "b.c"]);
    expect(names(state("module.first_stage_model.model.a"))).toEqual(["a"]);
    expect(names(state("model.a", "b"))).toEqual(["model.a", "b"]);
  });

  it("tells an optimiser's state from weights", () => {
    const root = new Map<string, PthValue>([
      ["state", new Map([[0, new Map([["exp_avg", tensor(1)]])]])],
      ["param_groups", []],
    ]);
    expect(() => names(root)).toThrow("x.pth: holds the state of an optimiser, no weights");
  });

  it("lists the shapes of all tensors, those of whole numbers too", () => {
    const root = new Map<string, PthValue>([
      ["module.w", tensor(1, 2)],
      ["module.index", { shape: [1, 1], dtype: "int64", data: BigInt64Array.of(1n) }],
    ]);
    expect(shapesOf({ name: "x.pth", root })).toEqual(
      new Map([
        ["w", [2]],
        ["index", [1, 1]],
      ]),
    );
  });

  it("gives float32, and leaves out what is no floating-point number", () => {
    const root = new Map<string, PthValue>([
      ["half", { shape: [2], dtype: "float16", data: Uint16Array.of(0x3c00, 0xc000) }],
      ["brain", { shape: [2], dtype: "bfloat16", data: Uint16Array.of(0x3f80, 0xff80) }],
      ["double", { shape: [1], dtype: "float64", data: Float64Array.of(0.1) }],
      ["index", { shape: [1], dtype: "int64", data: BigInt64Array.of(1n) }],
      ["mask", { shape: [1], dtype: "bool", data: Uint8Array.of(1) }],
      ["epoch", 3],
    ]);
    const read = stateDictOf({ name: "x.pth", root });
    expect([...read.keys()]).toEqual(["half", "brain", "double"]);
    expect(read.get("half")!.data).toEqual(Float32Array.of(1, -2));
    expect(read.get("brain")!.data).toEqual(Float32Array.of(1, Number.NEGATIVE_INFINITY));
    expect(read.get("double")!.data).toEqual(Float32Array.of(0.1));
  });

  it("calls a tensor without a name value", () => {
    expect(stateDictOf({ name: "x.pth", root: tensor(1, 2) })).toEqual(
      new Map([["value", { shape: [2], data: Float32Array.of(1, 2) }]]),
    );
  });

  it.each<[string, PthValue]>([
    ["a list", [tensor(1)]],
    ["nothing", null],
    ["numbers only", new Map([["epoch", 3]])],
  ])("refuses %s, naming the file", (_, root) => {
    expect(() => names(root)).toThrow(SamsrError);
    expect(() => names(root)).toThrow(/^x\.pth: holds no dictionary of tensors/);
  });

  it("is not led in a circle", () => {
    const root = new Map<string, PthValue>();
    root.set("model", root);
    expect(() => names(root)).toThrow(/holds no dictionary of tensors/);
  });
});
