/** What models that denoise have in common, of pixels or of latents: the graphs that ask the network. */
import { onGraphs } from "../../diffusion/index.js";
import type { Denoising } from "../../networks/index.js";
import type { Scope } from "../../nn/index.js";
import * as o from "../../onnx/index.js";
import type { TilePicture } from "../tile-pictures.js";
import type { TileDiffusion, TileGraph, TileTensors, Walk } from "./kind.js";

/**
 * Computes x0 in one step, [1, C, h, w]: x_T is made of y and the noise (equation 10), scaled, and denoised
 * at timestep `steps` - 1, which is a constant here, so that the runtime folds its embedding away.
 */
export function oneStep(
  p: Scope,
  network: Denoising<unknown>,
  { config, steps }: { readonly config: unknown; readonly steps: number },
  { lq, y, noise, sigma, scale }: Pick<TileTensors, "lq" | "y" | "noise" | "sigma" | "scale">,
): o.Value {
  const x = o.mul(onGraphs.prior({ y, noise, level: sigma }), scale);
  return network.denoise(p, config, { x, t: o.constant([steps - 1]), lq, y });
}

/** Returns the graph that a chain asks at every timestep, with the weights of one part of the model. */
export function denoiserGraph(network: Denoising<unknown>, config: unknown, weights: string): TileGraph {
  return {
    name: "denoiser",
    output: "x0",
    timed: "network",
    weights,
    build: (p, { x, t, lq, y }) => network.denoise(p, config, { x, t, lq, y }),
  };
}

/** Returns the graph that makes the large pixels of a latent, within [-1, 1]. */
export function decoderGraph(weights: string, decode: (p: Scope, x0: o.Value) => o.Value): TileGraph {
  return {
    name: "decoder",
    output: "hr",
    timed: "decode",
    weights,
    build: (p, { x0 }) => o.clip(decode(p, x0), -1, 1),
  };
}

/**
 * Computes x0 of a picture's tile by a chain of steps, [C, h, w], each of which is shown to the trace.
 * @param y [C, h, w]
 * @param predict x0 from x_t times its scale, and t
 */
export function tracedChain(
  diffusion: TileDiffusion,
  { picture, trace }: { readonly picture: TilePicture; readonly trace: Walk["trace"] },
  y: Float32Array,
  predict: (x: Float32Array, t: Float32Array) => Promise<Float32Array>,
): Promise<Float32Array> {
  return diffusion.chain(picture.tile, y, async (x, t) => {
    const x0 = await predict(x, t);
    trace?.(picture, { timestep: t[0], x, x0 });
    return x0;
  });
}
