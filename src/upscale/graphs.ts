/**
 * The graphs that enlarge one tile. Shapes are static, so each size of tile has graphs of its own.
 *
 * The single step is one graph from pixels to pixels: start, denoiser and the way back from latents cost no trip
 * through JavaScript, and with the timestep a constant the runtime folds its embedding away. A chain of steps leaves
 * the arithmetic between two steps to diffusion/, so its graphs are only what that needs from a network.
 */
import { inputScale, type Schedule } from "../diffusion/index.js";
import {
  bicubicLatent,
  fromLatent,
  LATENT_CHANNELS,
  pixelDenoiser,
  type SwinUNetConfig,
} from "../networks/index.js";
import type { Scope } from "../nn/index.js";
import * as o from "../onnx/index.js";

/** A tile in low-resolution pixels: what every graph here is made for. */
export interface TileSize {
  readonly width: number;
  readonly height: number;
}

/**
 * x0 predicted at t = T - 1 from x_T = y + sigma noise (equation 10), as pixels.
 *
 * Inputs: lq [1, 3, h, w] in [-1, 1], noise [1, 48, h, w] of unit variance, sigma [1, 1, h, w], which is
 * kappa sqrt(eta_{T-1}) of the pixel-wise process. Output: hr [1, 3, 4h, 4w] in [-1, 1].
 */
export function singleStepGraph(
  p: Scope,
  config: SwinUNetConfig,
  schedule: Schedule,
  size: TileSize,
): Record<"hr", o.Value> {
  const { lq, latent, map } = inputs(size);
  const noise = o.input("noise", latent);
  const sigma = o.input("sigma", map);
  const last = schedule.steps - 1;
  const y = bicubicLatent(lq);
  const start = o.add(y, o.mul(sigma, noise));
  // SAMSR too scales by the global eta and kappa: the denoiser was taught with them.
  const x = o.mul(start, inputScale(schedule.eta[last], schedule.kappa));
  return { hr: toPixels(pixelDenoiser(p, config, x, o.constant([last]), lq, y)) };
}

/** y of every chain: lq [1, 3, h, w] -> y [1, 48, h, w]. */
export function bicubicGraph(size: TileSize): Record<"y", o.Value> {
  return { y: bicubicLatent(inputs(size).lq) };
}

/** One call of the denoiser: x (scaled) and y [1, 48, h, w], t [1], lq [1, 3, h, w] -> x0 [1, 48, h, w]. */
export function denoiserGraph(p: Scope, config: SwinUNetConfig, size: TileSize): Record<"x0", o.Value> {
  const { lq, latent } = inputs(size);
  const [x, y, t] = [o.input("x", latent), o.input("y", latent), o.input("t", [1])];
  return { x0: pixelDenoiser(p, config, x, t, lq, y) };
}

/** Where a chain ends: x0 [1, 48, h, w] -> hr [1, 3, 4h, 4w] in [-1, 1]. */
export function pixelsGraph(size: TileSize): Record<"hr", o.Value> {
  return { hr: toPixels(o.input("x0", inputs(size).latent)) };
}

function inputs({ width, height }: TileSize) {
  const lq = o.input("lq", [1, 3, height, width]);
  return { lq, latent: [1, LATENT_CHANNELS, height, width], map: [1, 1, height, width] };
}

function toPixels(x0: o.Value): o.Value {
  return o.clip(fromLatent(x0), -1, 1);
}
