/** Published networks with their real weights, against the outputs that are stored beside them. */
import { existsSync, readFileSync } from "node:fs";
import { upscale } from "samsr";
import sharp from "sharp";
import { describe, expect, it } from "vitest";
import { findModel, loadModelWeights } from "../src/checkpoints/store/index.js";
import { type Direct, NETWORKS } from "../src/networks/index.js";
import { frozenScope } from "../src/nn/index.js";
import * as o from "../src/onnx/index.js";
import { createGraphSession, floatTensor } from "../src/runtime/index.js";
import { maxDifference, sharedPath } from "./shared.js";

const at = (file: string) => sharedPath("weights", file);

/** The numbers of a NumPy file of float32, behind its header. */
function readNpy(path: string): Float32Array {
  const file = readFileSync(path);
  return new Float32Array(Uint8Array.from(file.subarray(10 + file.readUInt16LE(8))).buffer);
}

async function planesOf(file: string): Promise<{ shape: number[]; data: Float32Array }> {
  const { data, info } = await sharp(file).removeAlpha().raw().toBuffer({ resolveWithObject: true });
  const plane = info.width * info.height;
  const planes = Float32Array.from(
    { length: 3 * plane },
    (_, i) => data[3 * (i % plane) + Math.floor(i / plane)] / 255,
  );
  return { shape: [1, 3, info.height, info.width], data: planes };
}

describe.skipIf(!existsSync(at("README.md")))("published weights", () => {
  // The first takes some seconds: its network is a large one, and the stored picture cannot be cut.
  it.each([
    ["RealESRGAN_x4plus.param", "RealESRGAN_x4plus"],
    ["RealESRGAN_General_x4_v3.param", "realesr-general-x4v3"],
    ["realesr-general-x4v3.pth", "realesr-general-x4v3"],
    ["realesr-general-wdn-x4v3.pth", "realesr-general-wdn-x4v3"],
  ])("%s makes what is stored", async (file, picture) => {
    const model = await findModel(at(file));
    const { network: name, config } = model.description as { network: string; config?: unknown };
    const { enlarge } = NETWORKS.find((network) => network.name === name)!.upscaling as Direct<unknown>;
    const x = await planesOf(at(`${picture}.input.png`));
    const scope = frozenScope(await loadModelWeights(model, "network"));
    const session = await createGraphSession(
      { y: enlarge(scope, config, o.input("x", x.shape)) },
      { device: "cpu" },
    );
    const { y } = await session.run({ x: floatTensor(x.shape, x.data) });
    await session.release();
    const difference = maxDifference(y.data as Float32Array, readNpy(at(`${picture}.output.npy`)));
    expect(difference).toBeLessThan(1e-3);
  });

  it("a pair of ncnn's is a model for upscale, to one level of 255", async () => {
    const { data } = await upscale(at("realesr-general-x4v3.input.png"), {
      model: at("RealESRGAN_General_x4_v3.bin"),
      device: "cpu",
    });
    const [made, due] = await Promise.all(
      [data, at("realesr-general-x4v3.output.png")].map((file) => sharp(file).removeAlpha().raw().toBuffer()),
    );
    expect(maxDifference(made, due)).toBeLessThanOrEqual(1);
  });
});
