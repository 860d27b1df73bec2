/**
 * Random weights of the published networks' full size, in a temporary folder: nothing is downloaded or kept.
 */
import { createWriteStream, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { Readable } from "node:stream";
import { pipeline } from "node:stream/promises";
import { createRandom } from "../src/base/random.js";
import { type LatentModel, safetensorsPieces } from "../src/checkpoints/index.js";
import { decodeLatent, encodeLatent, quantise, swinUNet } from "../src/networks/index.js";
import { type Scope, trainableScope } from "../src/nn/index.js";
import { input, type Shape, sizeOf } from "../src/onnx/index.js";

export const FULL_SIZE: LatentModel = {
  name: "full-size",
  summary: "random weights",
  licence: "none",
  network: "latent-denoiser",
  config: {
    outChannels: 3,
    modelChannels: 160,
    channelMult: [1, 2, 2, 4],
    resBlocks: [2, 2, 2, 2],
    imageSize: 64,
    attentionResolutions: [64, 32, 16, 8],
    swin: { embed: 192, depth: 2, headChannels: 32, window: 8, mlpRatio: 4, masking: "published" },
  },
  autoencoder: { channels: 128, channelMult: [1, 2, 4], resBlocks: 2, latentChannels: 3, codes: 8192 },
  schedule: { steps: 15, power: 0.3, kappa: 2, minNoiseLevel: 0.04, etasEnd: 0.99 },
  m: 0.2,
  variant: "release",
  method: "samsr",
  weights: { denoiser: "denoiser.safetensors", autoencoder: "autoencoder.safetensors" },
};

/** What makes each part's network, for its parameters. */
export const NETWORKS: Readonly<Record<"denoiser" | "autoencoder", (p: Scope) => unknown>> = {
  denoiser(p) {
    const z = input("z", [1, 3, 64, 64]);
    return swinUNet(p, FULL_SIZE.config, z, input("t", [1]), z);
  },
  autoencoder(p) {
    const { autoencoder } = FULL_SIZE;
    const z = encodeLatent(p, autoencoder, input("x", [1, 3, 64, 64]));
    return decodeLatent(p, autoencoder, quantise(p, autoencoder, z).quantised);
  },
};

/** Writes the model, or only some parts of it, into a temporary folder; `remove` takes it away again. */
export async function writeFullSizeModel(
  parts = Object.keys(NETWORKS) as readonly (keyof typeof NETWORKS)[],
): Promise<{
  folder: string;
  parameters: number;
  remove: () => void;
}> {
  const folder = mkdtempSync(join(tmpdir(), "samsr-full-size-"));
  const remove = () => rmSync(folder, { recursive: true, force: true });
  process.once("exit", remove);
  writeFileSync(join(folder, "model.json"), JSON.stringify(FULL_SIZE));
  let parameters = 0;
  for (const part of parts) {
    const file = FULL_SIZE.weights[part];
    const { scope, parameters: specs } = trainableScope();
    NETWORKS[part](scope);
    const tensors = new Map(specs().map(({ name, shape }, i) => [name, lazily(shape, i)]));
    parameters += specs().reduce((sum, { shape }) => sum + sizeOf(shape), 0);
    await pipeline(Readable.from(safetensorsPieces(tensors)), createWriteStream(join(folder, file)));
  }
  return { folder, parameters, remove };
}

/** Numbers that are made each time they are asked for, so that one tensor at a time is in memory. */
export function lazily(shape: Shape, seed: number): { shape: Shape; data: Float32Array } {
  return {
    shape,
    get data() {
      const data = createRandom(seed).normals(new Float32Array(sizeOf(shape)));
      // Kernels keep the deviation of what goes through them; scales lie about 1 and shifts about 0.
      const deviation = shape.length > 1 ? 1 / Math.sqrt(sizeOf(shape.slice(1))) : 0.1;
      const mean = shape.length > 1 ? 0 : 0.5;
      for (let i = 0; i < data.length; i++) data[i] = mean + deviation * data[i];
      return data;
    },
  };
}
