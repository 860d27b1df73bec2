import { readFileSync } from "node:fs";
import { describe, expect, it } from "vitest";
import { readPth, stateDictOf } from "../src/checkpoints/index.js";
import { decodeLatent, encodeLatent, quantise, type VqConfig } from "../src/networks/index.js";
import { frozenScope, trainableScope } from "../src/nn/index.js";
import * as o from "../src/onnx/index.js";
import { runGraph } from "./run-graph.js";
import { hasShared, maxDifference, readSafetensors, sharedPath } from "./shared.js";

const PUBLISHED: VqConfig = {
  channels: 128,
  channelMult: [1, 2, 4],
  resBlocks: 2,
  latentChannels: 3,
  codes: 8192,
};

const folder = (name: string) => sharedPath("reference", "vq-f4-small", name);

describe.skipIf(!hasShared)("the VQ autoencoder", () => {
  it("computes what the published code does", async () => {
    const { ddconfig: c, n_embed: codes } = JSON.parse(readFileSync(folder("config.json"), "utf8"));
    const config: VqConfig = {
      channels: c.ch,
      channelMult: c.ch_mult,
      resBlocks: c.num_res_blocks,
      latentChannels: c.z_channels,
      codes,
    };
    const { tensors } = readSafetensors(folder("io.safetensors"));
    const stored = (name: string) => tensors.get(name)!.data as Float32Array;
    const p = frozenScope(stateDictOf(await readPth(folder("checkpoint.pth"))));
    const [x, z] = ["x", "z"].map((name) => o.input(name, tensors.get(name)!.shape));
    const { quantised, indices } = quantise(p, config, z);
    const decoded = {
      indices,
      quantised,
      y: decodeLatent(p, config, quantised),
      y_not_quantised: decodeLatent(p, config, z),
    };
    const encoded = { z: encodeLatent(p, config, x) };
    const least = { channels: 1, tiles: 1 };
    const forms = {
      plain: { encoded, decoded },
      fast: { encoded: o.accelerate(encoded, least), decoded: o.accelerate(decoded, least) },
    };
    for (const [form, graphs] of Object.entries(forms)) {
      const results = {
        ...(await runGraph(graphs.encoded, { x: stored("x") })),
        ...(await runGraph(graphs.decoded, { z: stored("z") })),
      };
      expect(results.indices).toEqual(Array.from(tensors.get("indices")!.data as BigInt64Array, Number));
      for (const name of ["z", "quantised", "y", "y_not_quantised"] as const) {
        const scale = Math.max(...stored(name).map(Math.abs));
        const difference = maxDifference(results[name], stored(name)) / scale;
        expect(difference, `${name}, ${form}`).toBeLessThan(1e-5);
      }
    }
  });

  it("has the parameters of the published checkpoint, by name and shape", () => {
    const { scope, parameters } = trainableScope();
    const z = encodeLatent(scope, PUBLISHED, o.input("x", [1, 3, 64, 64]));
    decodeLatent(scope, PUBLISHED, quantise(scope, PUBLISHED, z).quantised);
    const file = JSON.parse(readFileSync(sharedPath("reference", "state-dict-shapes.json"), "utf8"));
    const name = Object.keys(file).find((key) => key.includes("VQModel"))!;
    expect(new Map(parameters().map((s) => [s.name, s.shape]))).toEqual(new Map(Object.entries(file[name])));
    const size = parameters().reduce((sum, { shape }) => sum + o.sizeOf(shape), 0);
    expect(size / 1e6).toBeCloseTo(55.3, 1);
  });
});
