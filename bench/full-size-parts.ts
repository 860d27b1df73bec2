/**
 * The published networks by their parts: graphs of one tile, or one image, and the files of their weights.
 */
import { createWriteStream } from "node:fs";
import { join } from "node:path";
import { Readable } from "node:stream";
import { pipeline } from "node:stream/promises";
import { safetensorsPieces } from "../src/checkpoints/index.js";
import {
  decodeLatent,
  encodeLatent,
  imageEncoder,
  quantise,
  SAM_VIT_B,
  swinUNet,
} from "../src/networks/index.js";
import { frozenScope, type Scope, trainableScope, type Weights } from "../src/nn/index.js";
import { input, type Value } from "../src/onnx/index.js";
import { FULL_SIZE, lazily } from "./full-size.js";

/** The side of a tile in pixels of the latent. */
const SIDE = 64;

/** The file of Segment Anything's weights. */
export const SAM_FILE = "sam.safetensors";

interface Part {
  /** The name of its file of weights. */
  readonly file: string;
  readonly build: (p: Scope) => Value;
}

const { config, autoencoder, weights } = FULL_SIZE;
const latent = (name: string) => input(name, [1, autoencoder.latentChannels, SIDE, SIDE]);

/** What is compared: the denoiser of 64 x 64, VQ-f4 from 256 x 256 and back, ViT-B on 1024 x 1024. */
export const PARTS: Readonly<Record<string, Part>> = {
  denoiser: {
    file: weights.denoiser!,
    build: (p) => swinUNet(p, config, latent("x"), input("t", [1]), latent("lq")),
  },
  "VQ-f4, encoder": {
    file: weights.autoencoder!,
    build: (p) => encodeLatent(p, autoencoder, input("x", [1, 3, 4 * SIDE, 4 * SIDE])),
  },
  "VQ-f4, decoder": {
    file: weights.autoencoder!,
    build: (p) => decodeLatent(p, autoencoder, quantise(p, autoencoder, latent("z")).quantised),
  },
  "Segment Anything, encoder": {
    file: SAM_FILE,
    build: (p) =>
      imageEncoder(p, SAM_VIT_B, input("image", [1, 3, SAM_VIT_B.imageSize, SAM_VIT_B.imageSize])),
  },
};

/** Writes Segment Anything's random weights into a folder. */
export async function writeSam(folder: string): Promise<void> {
  const { file, build } = PARTS["Segment Anything, encoder"]!;
  const { scope, parameters } = trainableScope();
  build(scope);
  const tensors = new Map(parameters().map(({ name, shape }, i) => [name, lazily(shape, i)] as const));
  await pipeline(Readable.from(safetensorsPieces(tensors)), createWriteStream(join(folder, file)));
}

/** Returns a part's graph over weights. */
export function graphOf(part: string, held: Weights): { y: Value } {
  return { y: PARTS[part]!.build(frozenScope(held)) };
}
