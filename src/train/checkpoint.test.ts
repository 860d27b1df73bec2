import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, describe, expect, it } from "vitest";
import { writeSafetensors } from "../checkpoints/index.js";
import { normal, trainableScope } from "../nn/index.js";
import {
  createTrainingState,
  loadTrainingState,
  readWeights,
  saveTrainingState,
  saveWeights,
} from "./checkpoint.js";
import { initialWeights } from "./weights.js";

const directory = mkdtempSync(join(tmpdir(), "samsr-checkpoint-"));
afterAll(() => rmSync(directory, { recursive: true }));

function state(seed: number) {
  const { scope, parameters } = trainableScope();
  scope.at("conv").parameter("weight", [2, 3], normal(1));
  scope.at("conv").parameter("bias", [2], normal(1));
  return createTrainingState(initialWeights(parameters(), seed));
}

describe("a training run's state", () => {
  it("comes back whole", async () => {
    const saved = state(1);
    saved.average.fill(0.5);
    saved.adam.first.fill(-1);
    saved.adam.second.fill(1e-30);
    saved.adam.step = 123;
    const path = join(directory, "whole.safetensors");
    await saveTrainingState(path, saved);
    const loaded = state(2);
    expect(loaded.weights.flat).not.toEqual(saved.weights.flat);
    await loadTrainingState(path, loaded);
    expect(loaded).toEqual({ ...saved, weights: { ...saved.weights, specs: loaded.weights.specs } });
    // The views still look at the one array.
    expect([...loaded.weights.tensors.get("conv.bias")!.data]).toEqual([...saved.weights.flat.slice(6)]);
  });

  it("is refused when it does not say where it stands", async () => {
    const path = join(directory, "stepless.safetensors");
    const tensor = { shape: [8], data: new Float32Array(8) };
    const names = ["weights", "average", "adam.first", "adam.second"];
    for (const metadata of [undefined, { step: "soon" }, { step: "-1" }, { step: "" }]) {
      writeFileSync(path, writeSafetensors(new Map(names.map((name) => [name, tensor])), { metadata }));
      await expect(loadTrainingState(path, state(1))).rejects.toThrow(/does not say at which step/);
    }
  });
});

describe("saved weights", () => {
  it("are the network's tensors by name, of the array that is asked for", async () => {
    const { weights, average } = state(1);
    average.fill(0.25);
    const path = join(directory, "weights.safetensors");
    await saveWeights(path, weights, average, { precision: "float16", metadata: {} });
    const read = await readWeights(path);
    expect([...read.keys()]).toEqual(["conv.weight", "conv.bias"]);
    expect(read.get("conv.weight")).toEqual({ shape: [2, 3], data: new Float32Array(6).fill(0.25) });
  });
});
