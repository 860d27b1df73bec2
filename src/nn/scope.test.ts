import { describe, expect, it } from "vitest";
import { toModel } from "../onnx/index.js";
import { fanIn, initialize, normal, ones, zeros } from "./initializers.js";
import { conv } from "./layers.js";
import { frozenScope, trainableScope } from "./scope.js";

describe("a trainable scope", () => {
  it("names parameters by their path, in the order they are first asked for", () => {
    const { scope, parameters } = trainableScope();
    scope.at("blocks").at(0).at("attn.qkv").parameter("weight", [3, 2], zeros);
    scope.parameter("bias", [3], ones);
    expect(parameters().map(({ name, shape }) => [name, shape])).toEqual([
      ["blocks.0.attn.qkv.weight", [3, 2]],
      ["bias", [3]],
    ]);
  });

  it("gives one value for one name, so a network may be applied twice", () => {
    const { scope, parameters } = trainableScope();
    const first = scope.at("conv").parameter("weight", [2], zeros);
    expect(scope.at("conv").parameter("weight", [2], zeros)).toBe(first);
    expect(parameters()).toHaveLength(1);
    expect(() => scope.parameter("conv.weight", [3], zeros)).toThrow(
      "parameter conv.weight: asked for as [2] and as [3]",
    );
  });

  it("keeps two networks in one graph apart by a prefix", () => {
    const [a, b] = ["teacher.", "student."].map((prefix) => {
      const { scope, parameters } = trainableScope(prefix);
      const value = scope.parameter("w", [1], zeros);
      expect(parameters()[0].name).toBe("w");
      return value;
    });
    expect(toModel({ a, b }).inputs.map(({ name }) => name)).toEqual(["teacher.w", "student.w"]);
  });
});

describe("a frozen scope", () => {
  const weights = new Map([["conv.weight", { shape: [4, 3, 3, 3], data: new Float32Array(108).fill(1) }]]);

  it("names a tensor that is missing or has another shape", () => {
    const scope = frozenScope(weights);
    const { scope: trainable } = trainableScope();
    const x = trainable.parameter("x", [1, 3, 8, 8], zeros);
    expect(() => conv(scope.at("conv"), x, 4, 3)).toThrow('the weights hold no tensor "conv.bias" [4]');
    expect(() => conv(scope.at("conv"), x, 5, 3)).toThrow(
      'tensor "conv.weight" is [4,3,3,3] in the weights, the network needs [5,3,3,3]',
    );
  });

  it("refuses data that do not fill their shape", () => {
    const short = new Map([["w", { shape: [2], data: new Float32Array(1) }]]);
    expect(() => frozenScope(short).parameter("w", [2], zeros)).toThrow('tensor "w"');
  });
});

describe("initialisers", () => {
  const spec = (name: string, shape: number[], initializer = normal(1)) => ({ name, shape, initializer });

  it("give the same numbers for the same seed and place, others for another", () => {
    const of = (seed: number) => initialize([spec("a", [8]), spec("b", [8])], seed);
    expect(of(1)).toEqual(of(1));
    expect(of(1).get("a")!.data).not.toEqual(of(1).get("b")!.data);
    expect(of(1).get("a")!.data).not.toEqual(of(2).get("a")!.data);
  });

  it("keep the deviation of a layer's output at that of its input", () => {
    const { data } = initialize([spec("w", [64, 32, 3, 3], fanIn())], 1).get("w")!;
    const variance = data.reduce((sum, v) => sum + v * v, 0) / data.length;
    expect(variance * 32 * 9).toBeGreaterThan(0.95);
    expect(variance * 32 * 9).toBeLessThan(1.05);
  });
});
