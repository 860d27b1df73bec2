/** Segment Anything's two graphs as sessions: the encoder once an image, the decoder once a batch of points. */
import { SamsrError } from "../../base/errors.js";
import { gridOf, imageEncoder, LABELS, maskDecoder, type SamConfig } from "../../networks/index.js";
import { frozenScope, type Scope, type Weights } from "../../nn/index.js";
import { input, type Value } from "../../onnx/index.js";
import {
  createGraphSession,
  type FloatTensor,
  floatTensor,
  type Session,
  type SessionOptions,
} from "../../runtime/index.js";
import type { SamNetwork } from "./types.js";

/** A network that holds memory until it is released. */
export interface SamSessions extends SamNetwork {
  release(): Promise<void>;
}

/**
 * Sessions are made when first asked for; shapes are static, so the decoder has one for each power of two of points.
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
  const made = new Map<string, Promise<Session>>();

  function session(key: string, graph: (scope: Scope) => Record<string, Value>): Promise<Session> {
    const known = made.get(key);
    if (known) return known;
    const name = `${options.name} (${key})`;
    const session = (async () => createGraphSession(build(graph), { ...options, name }))();
    made.set(key, session);
    session.catch(() => made.delete(key));
    return session;
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
    async decode(embedding, points) {
      const count = points.length / 2;
      const batch = 2 ** Math.ceil(Math.log2(count));
      const decoder = await session(`mask decoder, ${batch} points`, (p) => {
        const decoded = maskDecoder(p, config, {
          embedding: input("embedding", [1, promptEmbed, grid, grid]),
          points: input("points", [batch, 2, 2]),
          labels: input("labels", [batch, 2]),
        });
        return { logits: decoded.lowResLogits, ious: decoded.iouPredictions };
      });
      // A prompt is its point and one of padding; prompts that fill up the batch are at the corner, and not looked at.
      const places = floatTensor([batch, 2, 2]);
      const labels = floatTensor([batch, 2]);
      for (let i = 0; i < batch; i++) {
        if (i < count) places.data.set(points.subarray(2 * i, 2 * i + 2), 4 * i);
        labels.data.set([LABELS.foreground, LABELS.padding], 2 * i);
      }
      const { logits, ious } = await decoder.run({
        embedding: embedding as FloatTensor,
        points: places,
        labels,
      });
      const [, masks, side] = logits.shape;
      return {
        logits: (logits.data as Float32Array).subarray(0, count * masks * side * side),
        predictedIous: (ious.data as Float32Array).subarray(0, count * masks),
        side,
      };
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
