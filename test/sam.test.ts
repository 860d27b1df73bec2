import { readFileSync } from "node:fs";
import { beforeAll, describe, expect, it } from "vitest";
import { readPth, stateDictOf } from "../src/checkpoints/index.js";
import {
  encoderInput,
  fittedSize,
  imageEncoder,
  maskDecoder,
  maskLogits,
  SAM_VIT_B,
  type SamConfig,
  samConfigOf,
} from "../src/networks/index.js";
import {
  absorbedImageToToken,
  absorbedTokenToImage,
  projected,
} from "../src/networks/segment-anything/decoder-attention.js";
import { frozenScope, type Scope, type StateDict, trainableScope } from "../src/nn/index.js";
import * as o from "../src/onnx/index.js";
import type { FloatTensor } from "../src/runtime/index.js";
import { createSamSessions } from "../src/semantics/sam/network.js";
import { normals, runGraph } from "./run-graph.js";
import { hasShared, maxDifference, readSafetensors, sharedPath } from "./shared.js";

const folder = (name: string) => sharedPath("reference", "sam-small", name);

const shapesOf = (weights: StateDict) => new Map([...weights].map(([name, { shape }]) => [name, shape]));

function publishedShapes(): Map<string, o.Shape> {
  const file = JSON.parse(readFileSync(sharedPath("reference", "state-dict-shapes.json"), "utf8"));
  return new Map(Object.entries(file.sam_vit_b));
}

/** Prompts of the fixture's image, in pixels of the square the encoder takes. */
function promptInputs(points: o.Shape) {
  return { points: o.input("points", points), labels: o.input("labels", points.slice(0, 2)) };
}

describe.skipIf(!hasShared)("Segment Anything on the reference network", () => {
  let weights: StateDict;
  let config: SamConfig;
  let tensors: ReturnType<typeof readSafetensors>["tensors"];
  const stored = (name: string) => tensors.get(name)!.data as Float32Array;
  const size = { width: 225, height: 225 };

  function expectClose(got: ArrayLike<number>, name: string) {
    const scale = stored(name).reduce((most, v) => Math.max(most, Math.abs(v)), 0);
    expect(maxDifference(got, stored(name)) / scale, name).toBeLessThan(1e-4);
  }

  beforeAll(async () => {
    weights = stateDictOf(await readPth(folder("checkpoint.pth")));
    config = samConfigOf(shapesOf(weights));
    ({ tensors } = readSafetensors(folder("io.safetensors")));
  });

  it("is recognised with the sizes it was made with", () => {
    const made = JSON.parse(readFileSync(folder("config.json"), "utf8"));
    expect(config).toMatchObject({
      imageSize: made.image_size,
      patchSize: made.patch_size,
      embed: made.embed_dim,
      depth: made.depth,
      heads: made.num_heads,
      globalAttention: made.global_attn_indexes,
      window: made.window_size,
      promptEmbed: made.prompt_embed_dim,
      decoderMlp: made.mlp_dim,
    });
  });

  it("encodes an image as the published code does, from its pixels", async () => {
    const side = config.imageSize;
    const image = encoderInput(tensors.get("image")!.data as Uint8Array, size, config);
    const x = o.input("x", [1, 3, side, side]);
    const { y } = await runGraph({ y: imageEncoder(frozenScope(weights), config, x) }, { x: image });
    expectClose(y, "image_embedding");
  });

  it("decodes points, three masks each", async () => {
    const count = tensors.get("points")!.shape[0];
    const scale = fittedSize(size, config).width / size.width;
    const points = new Float32Array(count * 4);
    for (let i = 0; i < count; i++) {
      points.set(
        stored("points")
          .subarray(2 * i, 2 * i + 2)
          .map((v) => v * scale),
        4 * i,
      );
    }
    const labels = Float32Array.from({ length: 2 * count }, (_, i) => (i % 2 === 0 ? 1 : -1));
    const embedding = o.input("embedding", tensors.get("image_embedding")!.shape);
    const { lowResLogits, iouPredictions } = maskDecoder(frozenScope(weights), config, {
      embedding,
      ...promptInputs([count, 2, 2]),
    });
    const results = await runGraph(
      { lowResLogits, iouPredictions, logits: maskLogits(config, lowResLogits, size) },
      { embedding: stored("image_embedding"), points, labels },
    );
    expectClose(results.lowResLogits, "low_res_logits");
    expectClose(results.iouPredictions, "iou_predictions");
    expectClose(results.logits, "mask_logits");
  });

  it("resamples relative positions that were trained at another size", async () => {
    // Twice as many, of which each pair has the mean that the resampling is to find.
    const longer = new Map(weights);
    for (const name of ["rel_pos_h", "rel_pos_w"]) {
      const key = `image_encoder.blocks.2.attn.${name}`;
      const { shape, data } = weights.get(key)!;
      const [length, d] = shape;
      const pairs = Float32Array.from({ length: 2 * length * d }, (_, i) => {
        const [row, channel] = [Math.floor(i / d), i % d];
        return data[(row >> 1) * d + channel] + (row % 2 === 0 ? 0.25 : -0.25);
      });
      longer.set(key, { shape: [2 * length, d], data: pairs });
    }
    const read = samConfigOf(shapesOf(longer));
    expect(read).toEqual({ ...config, globalOffsets: 2 * config.globalOffsets });
    const side = config.imageSize;
    const image = encoderInput(tensors.get("image")!.data as Uint8Array, size, config);
    const x = o.input("x", [1, 3, side, side]);
    const { y } = await runGraph({ y: imageEncoder(frozenScope(longer), read, x) }, { x: image });
    expectClose(y, "image_embedding");
  });

  it("reads a mask prompt: an even one is one vector for every pixel, found here by hand", async () => {
    const level = 0.7;
    const tensor = (name: string) => weights.get(`prompt_encoder.mask_downscaling.${name}`)!.data;
    /** Every tap sees the same channels. */
    const layer = (at: number, x: readonly number[]) =>
      Array.from(tensor(`${at}.bias`), (bias, out) => {
        const w = tensor(`${at}.weight`);
        const taps = w.length / (tensor(`${at}.bias`).length * x.length);
        return x.reduce((sum, v, c) => {
          const from = (out * x.length + c) * taps;
          return sum + v * w.subarray(from, from + taps).reduce((a, b) => a + b, 0);
        }, bias);
      });
    const normal = (at: number, x: readonly number[]) => {
      const mean = x.reduce((a, b) => a + b, 0) / x.length;
      const variance = x.reduce((a, b) => a + (b - mean) ** 2, 0) / x.length;
      return x.map((v, c) => {
        const y =
          ((v - mean) / Math.sqrt(variance + 1e-6)) * tensor(`${at}.weight`)[c] + tensor(`${at}.bias`)[c];
        return 0.5 * y * (1 + erf(y / Math.SQRT2));
      });
    };
    const vector = layer(6, normal(4, layer(3, normal(1, layer(0, [level])))));
    const instead = new Map(weights);
    const name = "prompt_encoder.no_mask_embed.weight";
    instead.set(name, { shape: weights.get(name)!.shape, data: Float32Array.from(vector) });

    const embedding = o.input("embedding", tensors.get("image_embedding")!.shape);
    const inputs = { embedding, ...promptInputs([1, 2, 2]) };
    const side = config.imageSize / 4;
    const feeds = {
      embedding: stored("image_embedding"),
      points: Float32Array.of(40, 60, 0, 0),
      labels: Float32Array.of(1, -1),
      mask: new Float32Array(side * side).fill(level),
    };
    const maskInput = o.input("mask", [1, 1, side, side]);
    const masked = await runGraph(
      { ...maskDecoder(frozenScope(weights), config, { ...inputs, maskInput }) },
      feeds,
    );
    const plain = await runGraph({ ...maskDecoder(frozenScope(instead), config, inputs) }, feeds);
    expect(maxDifference(masked.lowResLogits, plain.lowResLogits)).toBeLessThan(1e-4);
    const without = await runGraph({ ...maskDecoder(frozenScope(weights), config, inputs) }, feeds);
    expect(maxDifference(masked.lowResLogits, without.lowResLogits)).toBeGreaterThan(1e-2);
  });

  it("is asked in batches, and paints the masks of those points alone that have a good one", async () => {
    const sessions = createSamSessions(weights, config, { name: "sam", device: "cpu" });
    const image = encoderInput(tensors.get("image")!.data as Uint8Array, size, config);
    const embedding = await sessions.embed(image);
    const points = Float32Array.from({ length: 40 }, (_, i) => (i * 29) % config.imageSize);
    const prompts = Float32Array.from({ length: 80 }, (_, i) =>
      i % 4 < 2 ? points[(i >> 2) * 2 + (i % 4)] : 0,
    );
    const whole = await runGraph(
      {
        ...maskDecoder(frozenScope(weights), config, {
          embedding: o.input("embedding", [1, config.promptEmbed, 8, 8]),
          ...promptInputs([20, 2, 2]),
        }),
      },
      {
        embedding: (embedding as FloatTensor).data,
        points: prompts,
        labels: Float32Array.from({ length: 40 }, (_, i) => (i % 2 === 0 ? 1 : -1)),
      },
    );
    const all = await sessions.decode(embedding, points, Number.NEGATIVE_INFINITY);
    expect(maxDifference(all.logits, whole.lowResLogits)).toBeLessThan(1e-4);
    expect(maxDifference(all.predictedIous, whole.iouPredictions)).toBeLessThan(1e-5);

    const best = Array.from({ length: 20 }, (_, i) =>
      Math.max(...all.predictedIous.subarray(3 * i, 3 * i + 3)),
    );
    const leastIou = [...best].sort((a, b) => a - b)[9];
    const some = await sessions.decode(embedding, points, leastIou);
    expect(some.predictedIous).toEqual(all.predictedIous);
    const mapsOf = ({ logits }: typeof some, i: number) =>
      logits.subarray((i * logits.length) / 20, ((i + 1) * logits.length) / 20);
    for (let i = 0; i < 20; i++) {
      const expected = best[i] > leastIou ? mapsOf(all, i) : new Float32Array(mapsOf(all, i).length);
      expect(mapsOf(some, i)).toEqual(expected);
    }
    await sessions.release();
  });

  it("decodes a box, one mask", async () => {
    const scale = fittedSize(size, config).width / size.width;
    const embedding = o.input("embedding", tensors.get("image_embedding")!.shape);
    const { lowResLogits, iouPredictions } = maskDecoder(frozenScope(weights), config, {
      embedding,
      ...promptInputs([1, 2, 2]),
      masks: "single",
    });
    const results = await runGraph(
      { iouPredictions, logits: maskLogits(config, lowResLogits, size) },
      {
        embedding: stored("image_embedding"),
        points: stored("box").map((v) => v * scale),
        labels: Float32Array.of(2, 3),
      },
    );
    expectClose(results.iouPredictions, "box_iou");
    expectClose(results.logits, "box_mask_logits");
  });
});

/** By its series, which converges wherever this test looks. */
function erf(x: number): number {
  let [term, sum] = [x, x];
  for (let n = 1; n < 60; n++) {
    term *= (-x * x) / n;
    sum += term / (2 * n + 1);
  }
  return (2 / Math.sqrt(Math.PI)) * sum;
}

describe("the decoder's attention", () => {
  const size = { heads: 4, width: 32 };
  const [batch, count, pixels, c] = [3, 5, 40, 16];

  /** Both ways with the same weights and inputs; the largest difference, relative to the largest number. */
  async function compare(
    build: (p: Scope, tokens: o.Value[], pixels: o.Value[]) => Record<"short" | "long", o.Value>,
    images: number,
  ): Promise<number> {
    const tokens = ["t0", "t1"].map((name) => o.input(name, [batch, count, c]));
    const image = ["x0", "x1"].map((name) => o.input(name, [images, pixels, c]));
    const { scope, parameters } = trainableScope();
    const outputs = build(scope, tokens, image);
    const inputs = [...tokens, ...image].map((v) => (v.source.kind === "input" ? v.source.name : ""));
    const shapes = [...[...tokens, ...image].map((v, i) => [inputs[i], v.shape] as const)];
    const feeds = Object.fromEntries(
      [...shapes, ...parameters().map(({ name, shape }) => [name, shape] as const)].map(
        ([name, shape], i) => [name, normals(shape, i + 1)],
      ),
    );
    const { short, long } = await runGraph(outputs, feeds);
    return maxDifference(short, long) / Math.max(...long.map(Math.abs));
  }

  it.each([1, batch])("is the same computed the short way, %i images", async (images) => {
    const toImage = await compare(
      (p, [tokens], [pixels, placed]) => ({
        short: absorbedTokenToImage(p, size, tokens, { pixels, placed }),
        long: projected(p, size, tokens, placed, pixels),
      }),
      images,
    );
    expect(toImage).toBeLessThan(1e-5);
    const toTokens = await compare(
      (p, [keys, values], [placed]) => ({
        short: absorbedImageToToken(p, size, placed, keys, values),
        long: projected(p, size, placed, keys, values),
      }),
      images,
    );
    expect(toTokens).toBeLessThan(1e-5);
  });
});

describe.skipIf(!hasShared)("Segment Anything at full size", () => {
  it("has the parameters of the published ViT-B, by name and shape", () => {
    const published = publishedShapes();
    const config = samConfigOf(published);
    expect(config).toEqual(SAM_VIT_B);
    const { scope, parameters } = trainableScope();
    const embedding = imageEncoder(scope, config, o.input("image", [1, 3, 1024, 1024]));
    const prompts = promptInputs([1, 2, 2]);
    maskDecoder(scope, config, { embedding, ...prompts, maskInput: o.input("mask", [1, 1, 256, 256]) });
    maskDecoder(scope, config, { embedding, ...prompts, masks: "single" });
    expect(new Map(parameters().map((s) => [s.name, s.shape]))).toEqual(published);
    const total = parameters().reduce((sum, { shape }) => sum + o.sizeOf(shape), 0);
    expect(total / 1e6).toBeCloseTo(93.7, 1);
  });
});
