/**
 * Segment Anything's graphs as sessions: the encoder once an image, the tokens of points in batches, and
 * masks painted for those points alone that have one worth it.
 */

import { SamsrError } from "../../base/errors.js";
import { remember } from "../../base/promises.js";
import {
  decodeTokens,
  gridOf,
  imageEncoder,
  LABELS,
  paintMasks,
  type SamConfig,
} from "../../networks/index.js";
import { frozenScope, type Scope, type Weights } from "../../nn/index.js";
import { input, sizeOf, type Value } from "../../onnx/index.js";
import {
  createGraphSession,
  type FloatTensor,
  floatTensor,
  type Session,
  type SessionOptions,
  type Tensor,
} from "../../runtime/index.js";
import type { SamNetwork } from "./types.js";

/**
 * The most points that are decoded at once. Each one more takes about 40 MB in ViT-B's decoder, and hardly
 * less time (measured from 16 to 64: 6 % less).
 */
const MOST_AT_ONCE = 16;

/** A network that holds memory until it is released. */
export interface SamSessions extends SamNetwork {
  release(): Promise<void>;
}

/**
 * Sessions are made when first asked for; shapes are static, so the decoder has one for each power of two of
 * points.
 *
 * @param weights in memory, or in files of `options.weightsFolder`
 * @param options.name what errors call the model
 * @throws SamsrError when the weights do not fit
 */
export function createSamSessions(
  weights: Weights,
  config: SamConfig,
  options: SessionOptions & { name: string },
): SamSessions {
  const { imageSize, promptEmbed } = config;
  const scope = frozenScope(weights);
  const grid = gridOf(config);
  const masks = config.maskTokens - 1;
  const side = 4 * grid;
  const made = new Map<string, Promise<Session>>();

  function session(key: string, graph: (scope: Scope) => Record<string, Value>): Promise<Session> {
    const name = `${options.name} (${key})`;
    return remember(made, key, async () => createGraphSession(build(graph), { ...options, name }));
  }
  function build(graph: (scope: Scope) => Record<string, Value>) {
    try {
      return graph(scope);
    } catch (cause) {
      throw new SamsrError(`${options.name} does not fit Segment Anything: ${(cause as Error).message}`, {
        cause,
      });
    }
  }

  /**
   * Lays out a batch of prompts. A prompt is its point and one of padding; those that fill up the batch are
   * at the corner, and not looked at.
   */
  async function tokensOf(embedding: FloatTensor, points: Float32Array): Promise<Record<string, Tensor>> {
    const count = points.length / 2;
    const batch = 2 ** Math.ceil(Math.log2(count));
    const decoder = await session(`mask decoder, ${batch} points`, (p) => ({
      ...decodeTokens(p, config, {
        embedding: input("embedding", [1, promptEmbed, grid, grid]),
        points: input("points", [batch, 2, 2]),
        labels: input("labels", [batch, 2]),
      }),
    }));
    const places = floatTensor([batch, 2, 2]);
    const labels = floatTensor([batch, 2]);
    for (let i = 0; i < batch; i++) {
      if (i < count) places.data.set(points.subarray(2 * i, 2 * i + 2), 4 * i);
      labels.data.set([LABELS.foreground, LABELS.padding], 2 * i);
    }
    return decoder.run({ embedding, points: places, labels });
  }

  return {
    imageSize,
    async embed(pixels) {
      const encoder = await session("image encoder", (p) => {
        const image = input("image", [1, 3, imageSize, imageSize]);
        return { embedding: imageEncoder(p, config, image) };
      });
      const { embedding } = await encoder.run({ image: floatTensor([1, 3, imageSize, imageSize], pixels) });
      return embedding;
    },
    async decode(embedding, points, leastIou) {
      const total = points.length / 2;
      const painter = await session("mask painter", (p) => {
        const pixels = input("pixels", [1, grid * grid, promptEmbed]);
        const vectors = input("vectors", [1, masks, promptEmbed / 8]);
        return { logits: paintMasks(p, config, { pixels, vectors }) };
      });
      const logits = new Float32Array(total * masks * side * side);
      const predictedIous = new Float32Array(total * masks);
      for (let from = 0; from < total; from += MOST_AT_ONCE) {
        const count = Math.min(MOST_AT_ONCE, total - from);
        const tokens = await tokensOf(
          embedding as FloatTensor,
          points.subarray(2 * from, 2 * (from + count)),
        );
        for (let i = 0; i < count; i++) {
          const ious = partOf(tokens.iouPredictions, i);
          predictedIous.set(ious, (from + i) * masks);
          if (!ious.some((iou) => iou > leastIou)) continue;
          const at = (from + i) * masks * side * side;
          const [pixels, vectors] = [tokens.pixels, tokens.vectors].map((tensor) =>
            floatTensor([1, ...tensor.shape.slice(1)], partOf(tensor, i)),
          );
          const painted = floatTensor([1, masks, side, side], logits.subarray(at, at + masks * side * side));
          await painter.run({ pixels, vectors }, { fetches: { logits: painted } });
        }
      }
      return { logits, predictedIous, side };
    },
    async release() {
      const sessions = [...made.values()];
      made.clear();
      for (const one of sessions)
        await one.then(
          (s) => s.release(),
          () => {},
        );
    },
  };
}

/** Returns element `i` of a batch. */
function partOf({ data, shape }: Tensor, i: number): Float32Array {
  const length = sizeOf(shape.slice(1));
  return (data as Float32Array).subarray(i * length, (i + 1) * length);
}
