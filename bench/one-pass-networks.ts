/** Networks of one pass at their published sizes, with random weights, as three runtimes take them. */
import { createWriteStream, existsSync, mkdtempSync, rmSync, symlinkSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { Readable } from "node:stream";
import { pipeline } from "node:stream/promises";
import { fileURLToPath } from "node:url";
import { safetensorsPieces } from "../src/checkpoints/index.js";
import { locateWeights } from "../src/checkpoints/store/index.js";
import { rrdbNet } from "../src/networks/rrdb/rrdb.js";
import { srvggNet } from "../src/networks/srvgg/srvgg.js";
import { swinIR } from "../src/networks/swinir/swinir.js";
import { frozenScope, type Scope, type StateDict, trainableScope, type Weights } from "../src/nn/index.js";
import { input, toModel, type Value } from "../src/onnx/index.js";
import { createGraphSession, createSession, type FloatTensor, floatTensor } from "../src/runtime/index.js";
import { lazily } from "./full-size.js";

const SIDE = 128;

const sixes = Array.from({ length: 6 }, () => 6);

/** RealESRGAN_x4plus, realesr-general-x4v3 and SwinIR-M x4 for photos. */
export const NETWORKS: Readonly<Record<string, (p: Scope, lq: Value) => Value>> = {
  "RRDBNet, 23 blocks": (p, lq) => {
    const size = {
      spelling: "new",
      features: 64,
      growth: 32,
      blocks: 23,
      unshuffle: 1,
      doublings: 2,
    } as const;
    return rrdbNet(p, size, lq);
  },
  "SRVGGNetCompact, 32 convolutions": (p, lq) =>
    srvggNet(p, { features: 64, convolutions: 32, scale: 4 }, lq),
  "SwinIR-M": (p, lq) => {
    const size = {
      ...{ channels: 3, embed: 180, depths: sixes, heads: sixes, window: 8, hidden: 360 },
      ...{ residual: "1conv" as const, upsampler: "nearest+conv" as const, features: 64, scale: 4, range: 1 },
    } as const;
    return swinIR(p, size, lq);
  },
};

/**
 * Ours rewrites the graph; plain is the exported file as it stands; torch computes its nodes with PyTorch.
 */
export const WAYS = ["ours", "plain", "torch"] as const;

/** Uses weights as they are used where they are installed: the runtime reads them from their file. */
async function fromFile<T>(
  weights: StateDict,
  use: (stored: Awaited<ReturnType<typeof locateWeights>>) => Promise<T>,
): Promise<T> {
  const folder = mkdtempSync(join(tmpdir(), "samsr-one-pass-"));
  try {
    const file = join(folder, "network.safetensors");
    await pipeline(Readable.from(safetensorsPieces(weights)), createWriteStream(file));
    return await use(await locateWeights(file));
  } finally {
    rmSync(folder, { recursive: true });
  }
}

/** Opens a network, for one picture of 128 x 128. */
export async function open(network: string, way: (typeof WAYS)[number], threads: number) {
  // The program is looked for two folders above the runtime, which is built elsewhere here.
  const executor = new URL("../executor", import.meta.url);
  if (!existsSync(executor))
    symlinkSync(fileURLToPath(new URL("../../../executor", import.meta.url)), executor);
  const lq = input("lq", [1, 3, SIDE, SIDE]);
  const { scope, parameters } = trainableScope();
  NETWORKS[network](scope, lq);
  const weights = new Map(parameters().map(({ name, shape }, i) => [name, lazily(shape, i)] as const));
  const graph = (held: Weights) => ({ hr: NETWORKS[network](frozenScope(held), lq) });
  const options = { device: way === "torch" ? "torch" : "cpu", threads, spinning: false } as const;
  const session = await (way === "torch"
    ? createSession(toModel(graph(weights)).bytes, options)
    : fromFile(weights, ({ tensors, folder: weightsFolder }) =>
        way === "ours"
          ? createGraphSession(graph(tensors), { ...options, weightsFolder })
          : createSession(toModel(graph(tensors)).bytes, { ...options, weightsFolder }),
      ));
  const feeds = { lq: floatTensor(lq.shape) };
  for (let i = 0; i < feeds.lq.data.length; i++) feeds.lq.data[i] = 0.5 + 0.5 * Math.sin(i / 7);
  const run = async () => (await session.run(feeds)).hr as FloatTensor;
  return { run, release: () => session.release() };
}
