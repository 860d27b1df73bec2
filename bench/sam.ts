/**
 * Segment Anything at the size of ViT-B, with random weights: an image encoded, and the 1,024 points of a
 * grid asked.
 */

import {
  decodeTokens,
  gridOf,
  imageEncoder,
  LABELS,
  maskDecoder,
  paintMasks,
  SAM_VIT_B,
  type SamConfig,
} from "../src/networks/index.js";
import { frozenScope, type Scope, type StateDict, trainableScope } from "../src/nn/index.js";
import { countFlops } from "../src/onnx/flops.js";
import { input, sizeOf, toModel, type Value } from "../src/onnx/index.js";
import { createSession, type FloatTensor, floatTensor } from "../src/runtime/index.js";
import { createMatMul } from "./matmul.js";
import { gigaflops, takeTurns, zip } from "./measure.js";
import { type Bench, figure } from "./report.js";

/** How many points the decoder takes at a time. */
const BATCH = 16;
/** How many points the public generator asks of an image. */
const POINTS = 1024;

type Graph = (p: Scope) => Record<string, Value>;

/**
 * The encoder without its blocks, and with a single one of either kind: differences tell what a block takes.
 */
const withBlocks = (depth: number, globalAttention: readonly number[]): SamConfig => ({
  ...SAM_VIT_B,
  depth,
  globalAttention,
});

const encoder = (config: SamConfig): Graph => {
  const { imageSize } = config;
  return (p) => ({ embedding: imageEncoder(p, config, input("image", [1, 3, imageSize, imageSize])) });
};

const prompts = () => {
  const grid = gridOf(SAM_VIT_B);
  return {
    embedding: input("embedding", [1, SAM_VIT_B.promptEmbed, grid, grid]),
    points: input("points", [BATCH, 2, 2]),
    labels: input("labels", [BATCH, 2]),
  };
};

const decoder: Graph = (p) => ({ ...maskDecoder(p, SAM_VIT_B, prompts()) });

const tokens: Graph = (p) => ({ ...decodeTokens(p, SAM_VIT_B, prompts()) });

const painter: Graph = (p) => {
  const { promptEmbed: c, maskTokens } = SAM_VIT_B;
  const pixels = input("pixels", [BATCH, gridOf(SAM_VIT_B) ** 2, c]);
  const vectors = input("vectors", [BATCH, maskTokens - 1, c / 8]);
  return { masks: paintMasks(p, SAM_VIT_B, { pixels, vectors }) };
};

export const bench: Bench = async ({ threads, rounds = 5 }) => {
  const weights = randomWeights([encoder(SAM_VIT_B), decoder]);
  const open = async (graph: Graph, weights = randomWeights([graph])) => {
    const outputs = graph(frozenScope(weights));
    const model = toModel(outputs);
    const session = await createSession(model.bytes, { device: "cpu", threads, spinning: false });
    const feeds = Object.fromEntries(model.inputs.map(({ name, shape }) => [name, fill(name, shape)]));
    const results: Record<string, FloatTensor> = Object.fromEntries(
      Object.entries(outputs).map(([name, { shape }]) => [name, floatTensor(shape)]),
    );
    const run = () => session.run(feeds, { fetches: results });
    return { run, flops: countFlops(Object.values(outputs)).products, release: () => session.release() };
  };
  const whole = await open(encoder(SAM_VIT_B), weights);
  const batch = await open(decoder, weights);
  const matmul = await createMatMul(threads);
  const main = await takeTurns(
    { encoder: whole.run, matmul: matmul.run, batch: batch.run },
    { rounds, warmUp: 1 },
  );
  const peak = process.resourceUsage().maxRSS / 1024;
  await whole.release();
  await batch.release();
  await matmul.release();

  const parts = {
    ends: await open(encoder(withBlocks(0, []))),
    windowed: await open(encoder(withBlocks(1, []))),
    global: await open(encoder(withBlocks(1, [0]))),
    tokens: await open(tokens),
    painter: await open(painter),
  };
  const runs = Object.fromEntries(Object.entries(parts).map(([name, { run }]) => [name, run]));
  const times = await takeTurns(runs, { rounds, warmUp: 1 });
  for (const { release } of Object.values(parts)) await release();

  const matmulRate = zip((ms) => gigaflops(matmul.flops, ms), main.matmul);
  const rated = (name: string, flops: number, ms: readonly number[]) => {
    const rate = zip((t) => gigaflops(flops, t), ms);
    return [
      figure(name, "GFLOP/s", rate),
      figure(
        `${name} to MatMul`,
        "ratio",
        zip((a, b) => a / b, rate, matmulRate),
      ),
    ];
  };
  const less = (a: readonly number[], b: readonly number[]) => zip((x, y) => x - y, a, b);
  const parameters = [...weights.values()].reduce((sum, { data }) => sum + data.length, 0) / 1e6;
  return {
    about:
      `ViT-B, ${parameters.toFixed(1)} M random parameters, an image of 1024 x 1024, ${POINTS} points in batches of ` +
      `${BATCH} with three masks each, ${threads} threads.`,
    figures: [
      figure("image encoder", "ms", main.encoder),
      figure("products", "GFLOP", whole.flops / 1e9),
      ...rated("image encoder", whole.flops, main.encoder),
      figure(
        `${POINTS} points`,
        "s",
        zip((ms) => (ms * POINTS) / BATCH / 1000, main.batch),
      ),
      figure("one point", "ms", perPoint(main.batch)),
      figure("products of one point", "GFLOP", batch.flops / BATCH / 1e9),
      ...rated("mask decoder", batch.flops, main.batch),
      figure("MatMul 1024, same rounds", "GFLOP/s", matmulRate),
      figure("peak memory of the process", "MB", peak),
      figure("part: patches, positions, neck", "ms", times.ends),
      figure("part: a block that attends in windows", "ms", less(times.windowed, times.ends)),
      figure("part: a block that attends to the whole image", "ms", less(times.global, times.ends)),
      figure("part: tokens of one point", "ms", perPoint(times.tokens)),
      figure("part: painting the masks of one point", "ms", perPoint(times.painter)),
    ],
  };
};

const perPoint = (batches: readonly number[]) => zip((ms) => ms / BATCH, batches);

/**
 * Makes random weights: one in every normalisation, uniform elsewhere and the smaller the more is summed up,
 * so that numbers stay in range.
 */
function randomWeights(graphs: readonly Graph[]): StateDict {
  const { scope, parameters } = trainableScope();
  for (const graph of graphs) graph(scope);
  let state = 1;
  const entries = parameters().map(({ name, shape }) => {
    const data = new Float32Array(sizeOf(shape)).fill(1);
    const scale = 1 / Math.sqrt(sizeOf(shape.slice(1)));
    if (!(shape.length === 1 && name.endsWith("weight"))) {
      for (let i = 0; i < data.length; i++) {
        // A linear congruential generator (Numerical Recipes): 94 million numbers, of which nothing is asked
        // but speed.
        state = (Math.imul(state, 1664525) + 1013904223) | 0;
        data[i] = (state / 2 ** 31) * scale;
      }
    }
    return [name, { shape, data }] as const;
  });
  return new Map(entries);
}

/** Makes inputs of the right kind: an image, points of a grid with a point of padding each, and so on. */
function fill(name: string, shape: readonly number[]): FloatTensor {
  const tensor = floatTensor(shape);
  for (let i = 0; i < tensor.data.length; i++) {
    if (name === "labels") tensor.data[i] = i % 2 === 0 ? LABELS.foreground : LABELS.padding;
    else if (name === "points") tensor.data[i] = (i * 37) % SAM_VIT_B.imageSize;
    else tensor.data[i] = Math.sin(i);
  }
  return tensor;
}
