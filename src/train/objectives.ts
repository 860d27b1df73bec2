/**
 * The losses, as graphs. Every noise level enters as an input, so that the schedule stays with the caller and
 * the graph stays the same for every timestep.
 */
import {
  bicubicLatent,
  LATENT_CHANNELS,
  pixelDenoiser,
  SCALE,
  type SwinUNetConfig,
  toLatent,
} from "../networks/index.js";
import type { Scope } from "../nn/index.js";
import * as o from "../onnx/index.js";

export interface BatchShape {
  readonly batch: number;
  /** Side of the low-resolution crop. */
  readonly side: number;
}

/** The inputs of a batch: hr [N, 3, 4S, 4S] and lq [N, 3, S, S] in [-1, 1]. */
function batchInputs({ batch, side }: BatchShape) {
  const hr = o.input("hr", [batch, 3, SCALE * side, SCALE * side]);
  const lq = o.input("lq", [batch, 3, side, side]);
  return { x0: toLatent(hr), lq, y: bicubicLatent(lq) };
}

function each(name: string, batch: number): o.Value {
  return o.input(name, [batch, 1, 1, 1]);
}

/**
 * sqrt(d^2 + e^2) - e, averaged (Charbonnier 1994): a smooth absolute error. Its minimiser is a median, which
 * leaves less grain in sampled images than the mean that squared error asks for.
 */
export function charbonnier(a: o.Value, b: o.Value, e = 0.01): o.Value {
  const d = o.sub(a, b);
  return o.sub(o.reduceMean(o.sqrt(o.add(o.mul(d, d), e * e))), e);
}

/**
 * ResShift's objective: x0 from x_t = x0 + eta_t (y - x0) + kappa sqrt(eta_t) noise at a random timestep.
 * Inputs beside the batch: noise [N, 48, S, S], t [N], and of shape [N, 1, 1, 1]: eta, sigma = kappa sqrt(eta)
 * and scale = 1 / sqrt(eta kappa^2 + 1).
 */
export function teacherLoss(p: Scope, config: SwinUNetConfig, shape: BatchShape): o.Value {
  const { batch, side } = shape;
  const { x0, lq, y } = batchInputs(shape);
  const noise = o.input("noise", [batch, LATENT_CHANNELS, side, side]);
  const [eta, sigma, scale] = ["eta", "sigma", "scale"].map((name) => each(name, batch));
  const t = o.input("t", [batch]);
  const mean = o.add(x0, o.mul(eta, o.sub(y, x0)));
  const x = o.mul(o.add(mean, o.mul(sigma, noise)), scale);
  return charbonnier(pixelDenoiser(p, config, x, t, lq, y), x0);
}
