/** The teacher's roll-out as one graph: nothing leaves the device between the chain's start and its end. */
import type { SwinUNetConfig } from "../networks/index.js";
import type { Scope } from "../nn/index.js";
import * as o from "../onnx/index.js";
import { type BatchShape, pixelSpace, type Space } from "./space.js";
import type { TimestepConstants } from "./timestep.js";

/** A timestep that the chain visits, with m and j of equation 12 from the global rates before and after the step. */
export interface Visit extends TimestepConstants {
  readonly m: number;
  readonly j: number;
}

/** What the schedule says of a chain. */
export interface ChainConstants {
  /** kappa sqrt(eta) at the first visited timestep. */
  readonly sigma: number;
  /** In the order of the chain; with none, only its start is asked for. */
  readonly visits: readonly Visit[];
  /** Equation 9 as eta_new = eta (1 + a W), kappa_new = kappa (1 + b W): a and b. Where both are 0, W is not asked for. */
  readonly slopes: { readonly eta: number; readonly kappa: number };
}

/**
 * The start, x_T = y + kappa_new sqrt(eta_new) noise (equation 10), and the deterministic chain, step after step. The factor of
 * eta is the same at every timestep, so of equation 12 m is the global one, j is the factor times it, and k = 1 - m - j.
 * Inputs beside the condition's: noise [N, C, S, S], weight (W) [N, 1, S, S].
 * @param p of the teacher; its parameters appear once, however many the visits
 * @param shape with D, the number of pictures that walk the chain
 * @returns x_T [N, C, S, S], and of the first D pictures x0 at the end of the chain
 */
export function rollOutGraph(
  p: Scope,
  config: SwinUNetConfig,
  shape: BatchShape & { readonly distilled: number },
  { sigma, visits, slopes }: ChainConstants,
  space: Space = pixelSpace(shape),
): { start: o.Value; rolled?: o.Value } {
  const { batch, side, distilled } = shape;
  const all = space.condition(shape);
  const noise = o.input("noise", [batch, space.channels, side, side]);
  const weight = o.input("weight", [batch, 1, side, side]);
  const factor = (slope: number) => (slope === 0 ? o.constant(1) : o.add(o.mul(weight, slope), 1));
  const rate = factor(slopes.eta);
  const level = o.mul(o.mul(o.sqrt(rate), factor(slopes.kappa)), sigma);
  const start = o.add(all.y, o.mul(level, noise));
  if (visits.length === 0) return { start };

  const head = (v: o.Value) =>
    v.shape.length === 0 || v.shape[0] === distilled ? v : o.slice(v, [0], [0], [distilled]);
  const condition = { lq: head(all.lq), y: head(all.y) };
  let x = head(start);
  for (const { timestep, scale, m, j } of visits) {
    const t = o.constant(new Float32Array(distilled).fill(timestep));
    const prediction = space.denoise(p, config, o.mul(x, scale), t, condition);
    // Equation 11, k x0 + m x + j y, with k = 1 - m - j.
    const kept = o.mul(o.sub(x, prediction), m);
    const shifted = o.mul(o.mul(head(rate), j), o.sub(condition.y, prediction));
    x = o.add(prediction, o.add(kept, shifted));
  }
  return { start, rolled: x };
}
