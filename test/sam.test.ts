import { readFileSync } from "node:fs";
import { beforeAll, describe, expect, it } from "vitest";
import { readPth, stateDictOf } from "../src/checkpoints/index.js";
import {
  encoderInput,
  fittedSize,
  imageEncoder,
  maskDecoder,
  maskLogits,
  type SamConfig,
  samConfigOf,
} from "../src/networks/sam/index.js";
import { frozenScope, type StateDict, trainableScope } from "../src/nn/index.js";
import * as o from "../src/onnx/index.js";
import { runGraph } from "./run-graph.js";
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

describe.skipIf(!hasShared)("Segment Anything at full size", () => {
  it("has the parameters of the published ViT-B, by name and shape", () => {
    const published = publishedShapes();
    const config = samConfigOf(published);
    expect(config).toMatchObject({
      embed: 768,
      depth: 12,
      heads: 12,
      window: 14,
      globalAttention: [2, 5, 8, 11],
    });
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
