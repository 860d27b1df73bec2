/** Segment Anything, which finds masks. */
import * as o from "../../onnx/index.js";
import { defineNetwork, type Part } from "../definition.js";
import { modelAlone } from "../model.js";
import type { Shapes } from "../shapes.js";
import { config, gridOf, type SamConfig, samConfigOf } from "./config.js";
import { imageEncoder } from "./image-encoder.js";
import { maskDecoder } from "./mask-decoder.js";
import { published } from "./published.js";

const NAME = "segment-anything";

/** Points of a prompt: one and the padding that follows it, or the two corners of a box. */
const POINTS = 2;

/** Prompts that the mask decoder sees together. */
const PROMPTS = 64;

export const SEGMENT_ANYTHING = defineNetwork({
  name: NAME,
  title: "Segment Anything",
  config,
  // Sizes are read off the first block of many alike; where that is the one that is damaged, the second tells
  // them.
  readers: [
    (shapes, name) => read(shapes, shapes, name),
    (shapes, name) => read(shapes, bySecondBlocks(shapes), name),
  ],
  constants(config) {
    const grid = gridOf(config);
    return config.depth * grid ** 2 * Math.max(config.window, grid);
  },
  parameters(p, { config }) {
    const [side, grid] = [config.imageSize, gridOf(config)];
    const embedding = imageEncoder(p, config, o.input("image", [1, 3, side, side]));
    const prompts = { points: o.input("points", [1, 1, 2]), labels: o.input("labels", [1, 1]) };
    const maskInput = o.input("mask", [1, 1, 4 * grid, 4 * grid]);
    maskDecoder(p, config, { embedding, ...prompts, maskInput });
    maskDecoder(p, config, { embedding, ...prompts, masks: "single" });
  },
  ignored: /^pixel_(mean|std)$/,
  parts: ({ config }) => partsOf(config),
  cost: ({ imageSize }) => ({
    per: `a picture of ${imageSize} x ${imageSize} and ${PROMPTS} points`,
    runs: [
      { part: "image-encoder", batch: 1 },
      { part: "mask-decoder", batch: PROMPTS },
    ],
  }),
  describe({ imageSize, patchSize, embed, depth, heads, window }) {
    const encoder = `${depth} blocks of ${embed} channels and ${heads} heads, windows of ${window}`;
    return `${imageSize} x ${imageSize} in patches of ${patchSize}; ${encoder}`;
  },
  model: modelAlone(NAME, config, "sam"),
  published,
});

function read(shapes: Shapes, evidence: Shapes, name: string) {
  const own = [...shapes.keys()].some((key) => /^(image_encoder|prompt_encoder|mask_decoder)\./.test(key));
  return own ? { config: samConfigOf(evidence, name) } : undefined;
}

function bySecondBlocks(shapes: Shapes): Shapes {
  const second = (key: string) => shapes.get(key.replace(/(blocks|layers)\.0\./, "$1.1."));
  return new Map([...shapes].map(([key, shape]) => [key, second(key) ?? shape]));
}

function partsOf(config: SamConfig): readonly Part[] {
  const { imageSize: side, promptEmbed } = config;
  return [
    {
      name: "image-encoder",
      summary: "normalised and padded image -> image_embedding",
      build: (p, _, batch) => ({
        image_embedding: imageEncoder(p, config, o.input("image", [batch, 3, side, side])),
      }),
    },
    {
      name: "mask-decoder",
      summary: "image_embedding, points and their labels -> low_res_logits and iou_predictions",
      build(p, _, batch) {
        const embedding = o.input("image_embedding", [1, promptEmbed, gridOf(config), gridOf(config)]);
        const points = o.input("points", [batch, POINTS, 2]);
        const labels = o.input("labels", [batch, POINTS]);
        const { lowResLogits, iouPredictions } = maskDecoder(p, config, { embedding, points, labels });
        return { low_res_logits: lowResLogits, iou_predictions: iouPredictions };
      },
    },
  ];
}
