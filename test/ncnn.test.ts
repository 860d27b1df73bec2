/** ncnn's pairs of files, against the outputs that are stored beside them. */
import { copyFileSync, existsSync, readFileSync } from "node:fs";
import { afterAll, afterEach, describe, expect, it, vi } from "vitest";
import { openCheckpoint, readCheckpoint, readShapes, recogniseNetwork } from "../src/checkpoints/index.js";
import { addModel } from "../src/checkpoints/store/index.js";
import { type Direct, NETWORKS } from "../src/networks/index.js";
import { frozenScope } from "../src/nn/index.js";
import * as o from "../src/onnx/index.js";
import { temporaryFolder } from "./fixtures/cli.js";
import { runGraph } from "./run-graph.js";
import { hasShared, maxDifference, readSafetensors, sharedPath } from "./shared.js";

const { path, remove } = temporaryFolder();
afterAll(remove);
afterEach(() => void vi.unstubAllEnvs());

const FORMATS = ["formats-rrdb", "formats-srvgg"] as const;

async function enlarge(file: string, x: { shape: o.Shape; data: unknown }): Promise<number[]> {
  const { shapes, weights } = await openCheckpoint(file);
  const { network: name, config } = recogniseNetwork(shapes, file);
  const { upscaling } = NETWORKS.find((network) => network.name === name)!;
  const y = (upscaling as Direct<unknown>).enlarge(frozenScope(weights), config, o.input("x", x.shape));
  return (await runGraph({ y }, { x: x.data as Float32Array })).y;
}

describe.skipIf(!hasShared).each(FORMATS)("%s", (fixture) => {
  const at = (file: string) => sharedPath("reference", fixture, file);

  it.each([
    ["checkpoint.pth", "y"],
    ["legacy.pth", "y"],
    ["half.pth", "y_all_f16"],
    ["model.safetensors", "y"],
    ["half.safetensors", "y_all_f16"],
    ["ncnn-f32.param", "y"],
    ["ncnn-f32.bin", "y"],
    ["ncnn-f16.param", "y_ncnn_f16"],
    ["ncnn-f16.bin", "y_ncnn_f16"],
    ["ncnn-pnnx-f16.param", "y_ncnn_f16"],
  ])("%s gives what is stored", async (file, output) => {
    const { tensors } = readSafetensors(at("io.safetensors"));
    const tolerance = 10 * JSON.parse(readFileSync(at("config.json"), "utf8")).tolerance.max_abs;
    const due = tensors.get(output)!.data as Float32Array;
    expect(maxDifference(await enlarge(at(file), tensors.get("x")!), due)).toBeLessThan(tolerance);
  });

  it("has the names that are published, whatever the layers are called", async () => {
    const [published, found] = [await readShapes(at("checkpoint.pth")), await readShapes(at("ncnn-f32.bin"))];
    expect(Object.fromEntries(found)).toEqual(Object.fromEntries(published));
    const [weights, stored] = [
      await readCheckpoint(at("ncnn-f32.bin")),
      await readCheckpoint(at("checkpoint.pth")),
    ];
    for (const [name, { data }] of stored) expect(weights.get(name)!.data, name).toEqual(data);
  });

  it("is one model when both of its files are given, in either order", async () => {
    vi.stubEnv("SAMSR_HOME", path(`${fixture}-home`));
    for (const [i, files] of [
      ["param", "bin"],
      ["bin", "param"],
    ].entries()) {
      const { description } = await addModel(
        files.map((ending) => at(`ncnn-f32.${ending}`)),
        {
          name: `pair-${i}`,
        },
      );
      expect(description.name).toBe(`pair-${i}`);
    }
  });

  it("says what is missing beside it", async () => {
    copyFileSync(at("ncnn-f32.param"), path(`${fixture}.param`));
    await expect(readCheckpoint(path(`${fixture}.param`))).rejects.toThrow(/\.param: .*the \.bin beside it/);
  });
});

describe.skipIf(!existsSync(sharedPath("weights")))("RealESRGAN_x4plus", () => {
  it("has the published names and shapes", async () => {
    const list = readFileSync(sharedPath("weights", "RealESRGAN_x4plus.names.txt"), "utf8")
      .trim()
      .split("\n");
    const shapes = await readShapes(sharedPath("weights", "RealESRGAN_x4plus.param"));
    expect(
      [...shapes]
        .filter(([name]) => name.endsWith(".weight"))
        .map(([name, shape]) => [name, shape.join("x")]),
    ).toEqual(list.map((line) => [`${line.split(" ")[1]}.weight`, line.split(" ")[2]]));
    expect(recogniseNetwork(shapes, "x")).toEqual({
      network: "rrdb",
      config: { spelling: "new", features: 64, growth: 32, blocks: 23, unshuffle: 1, doublings: 2 },
    });
  });
});
