/**
 * Where diffusion happens: on pixels, where a block of 4 x 4 is one latent pixel of 48 channels, or on the
 * latents of an autoencoder that is trained already. Objectives and trainers are the same on both.
 */
import {
  bicubicLatent,
  decodeLatent,
  encodeLatent,
  fromLatent,
  LATENT_CHANNELS,
  pixelDenoiser,
  SCALE,
  type SwinUNetConfig,
  swinUNet,
  toLatent,
  type VqConfig,
} from "../networks/index.js";
import { frozenScope, type Scope, type StateDict } from "../nn/index.js";
import * as o from "../onnx/index.js";
import { createSession, floatTensor, type SessionOptions, type Tensor } from "../runtime/index.js";
import type { BatchShape } from "./batch-shape.js";
import type { Batch } from "./data/batches.js";

export type { BatchShape } from "./batch-shape.js";

/** What the denoiser knows of a picture: lq [N, 3, S, S] in [-1, 1], and y [N, C, S, S]. */
export interface Condition {
  readonly lq: o.Value;
  readonly y: o.Value;
}

export interface Space {
  /** C of a latent [N, C, S, S]. */
  readonly channels: number;
  /** Returns the inputs of a graph that knows the low-resolution pictures only. */
  condition(shape: BatchShape): Condition;
  /** Returns the inputs of a graph that knows the originals too, x0 [N, C, S, S]. */
  pair(shape: BatchShape): Condition & { readonly x0: o.Value };
  /** Returns the input with what the second teacher makes of the pictures, as x0 has the originals. */
  taught(shape: BatchShape): o.Value;
  /** Predicts x0 as the network predicts it from x, scaled. */
  denoise(p: Scope, config: SwinUNetConfig, x: o.Value, t: o.Value, condition: Condition): o.Value;
  /** Returns a latent as a picture [N, 3, 4S, 4S], for what judges pictures. */
  image(latent: o.Value): o.Value;
  /** Returns what the inputs of both kinds of graph take for a batch. */
  feeds(batch: Batch): Promise<Record<string, Tensor>>;
  release(): Promise<void>;
}

const small = ({ batch, side }: BatchShape) => o.input("lq", [batch, 3, side, side]);
const largeShape = ({ batch, side }: BatchShape) => [batch, 3, SCALE * side, SCALE * side];
const large = (shape: BatchShape, name = "hr") => o.input(name, largeShape(shape));

/** Returns the pictures of a batch, whose number and side their lengths do not tell. */
function picturesOf({ hr, lq, taught }: Batch, shape: BatchShape) {
  const { batch, side } = shape;
  return {
    hr: floatTensor(largeShape(shape), hr),
    lq: floatTensor([batch, 3, side, side], lq),
    ...(taught && { second: floatTensor(largeShape(shape), taught) }),
  };
}

/**
 * Returns the prediction f(x_t, y, t): x0 as a network predicts it from x_t times the timestep's input scale.
 * @param x [N, C, S, S]
 */
export function denoiseAt(
  space: Space,
  p: Scope,
  config: SwinUNetConfig,
  x: o.Value,
  timestep: number,
  condition: Condition,
): o.Value {
  const t = o.constant(new Float32Array(x.shape[0]).fill(timestep));
  return space.denoise(p, config, x, t, condition);
}

/** What is trained on: pixels, or the latents of an autoencoder. */
export interface SpaceOptions {
  /** The autoencoder on whose latents diffusion happens; left out, on pixels. */
  readonly autoencoder?: { readonly weights: StateDict; readonly config: VqConfig };
  readonly session?: SessionOptions;
}

/** Returns the space that options ask for; it must be released. */
export async function spaceOf({ autoencoder, session }: SpaceOptions, shape: BatchShape): Promise<Space> {
  if (!autoencoder) return pixelSpace(shape);
  return latentSpace(autoencoder.weights, autoencoder.config, shape, session);
}

/** Returns the channels C of the latents on which diffusion happens. */
export function latentChannels({ autoencoder }: SpaceOptions): number {
  return autoencoder?.config.latentChannels ?? LATENT_CHANNELS;
}

/** Pixels: the graph takes hr and lq, and what it makes of them costs next to nothing. */
export function pixelSpace(shape: BatchShape): Space {
  return {
    channels: LATENT_CHANNELS,
    condition: pixelCondition,
    pair: (shape) => ({ ...pixelCondition(shape), x0: toLatent(large(shape)) }),
    taught: (shape) => toLatent(large(shape, "second")),
    denoise: (p, config, x, t, { lq, y }) => pixelDenoiser(p, config, x, t, lq, y),
    image: fromLatent,
    feeds: async (batch) => picturesOf(batch, shape),
    release: async () => {},
  };
}

function pixelCondition(shape: BatchShape): Condition {
  const lq = small(shape);
  return { lq, y: bicubicLatent(lq) };
}

/**
 * Latents: the autoencoder runs before the graph, in a session of its own, and the graph takes x0 =
 * encode(hr), y = encode(bicubic image) and lq. Nothing of the autoencoder is differentiated but its decoder,
 * where a picture is judged; there the latent is not quantised first, which has no gradient.
 * @param weights of an autoencoder with a factor of 4
 */
export async function latentSpace(
  weights: StateDict,
  config: VqConfig,
  shape: BatchShape,
  options: SessionOptions = {},
): Promise<Space> {
  const channels = config.latentChannels;
  const latent = (name: string, { batch, side }: BatchShape) => o.input(name, [batch, channels, side, side]);
  const condition = (shape: BatchShape) => ({ lq: small(shape), y: latent("y", shape) });
  const frozen = frozenScope(weights, "autoencoder:");
  // One picture at a time, in one order of work: attention in the middle of a large batch would take
  // gigabytes.
  const one = { ...shape, batch: 1 };
  const session = await createSession(
    o.toModel({
      x0: encodeLatent(frozen, config, large(one)),
      y: encodeLatent(frozen, config, fromLatent(bicubicLatent(small(one)))),
    }).bytes,
    { device: "cpu", name: "the encoder", ...options },
  );
  return {
    channels,
    condition,
    pair: (shape) => ({ ...condition(shape), x0: latent("x0", shape) }),
    taught: (shape) => latent("second", shape),
    denoise: (p, config, x, t, { lq }) => swinUNet(p, config, x, t, lq),
    image: (latent) => decodeLatent(frozen, config, latent),
    async feeds(batch) {
      const { hr, lq, second } = picturesOf(batch, shape);
      const size = channels * shape.side ** 2;
      const latents = () => floatTensor([shape.batch, channels, shape.side, shape.side]);
      const [x0, y, taught] = [latents(), latents(), second && latents()];
      for (let n = 0; n < shape.batch; n++) {
        const part = ({ data }: { data: Float32Array }) => {
          const length = data.length / shape.batch;
          return data.subarray(n * length, (n + 1) * length);
        };
        const result = await session.run(picturesOf({ hr: part(hr), lq: part(lq) }, one));
        x0.data.set(result.x0.data as Float32Array, n * size);
        y.data.set(result.y.data as Float32Array, n * size);
        if (!second || !taught) continue;
        const other = await session.run(picturesOf({ hr: part(second), lq: part(lq) }, one));
        taught.data.set(other.x0.data as Float32Array, n * size);
      }
      return { x0, y, lq, ...(taught && { second: taught }) };
    },
    release: () => session.release(),
  };
}
