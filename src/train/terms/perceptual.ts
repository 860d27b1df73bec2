/**
 * A distance in the features of the teacher. A denoiser has to know textures to bring them back, so what its
 * contracting half makes of two pictures tells more of how alike they look than their pixels do, and no other
 * network has to be downloaded for it (Lin and Yang, "Diffusion model with perceptual loss", 2024). Maps are
 * compared as LPIPS compares them (Zhang et al. 2018): each place's channels brought to unit length, squared
 * differences averaged, levels summed.
 */
import { type SwinUNetConfig, swinUNetFeatures } from "../../networks/index.js";
import type { Scope } from "../../nn/index.js";
import * as o from "../../onnx/index.js";
import type { TimestepConstants } from "../timestep.js";
import { need, type Term } from "./term.js";

/** Keeps a place where nothing stirs from being divided by nothing. */
const EPSILON = 1e-6;

/** The single step in the teacher's features. */
export const perceptual: Term = {
  description: "The single step in the teacher's features; not in the paper.",
  detail: true,
  loss({ x0Hat, x0, lq, config, extras }) {
    const { teacher, at } = need(extras.features, "perceptual");
    return perceptualDistance(teacher, config, x0Hat, x0, lq, at);
  },
};

/**
 * Computes the distance of two latents in the features of the frozen teacher, a scalar.
 * @param at the timestep whose features are used; low ones look at detail
 * @param x0Hat [N, C, S, S], as is x0; the gradient reaches x0Hat only
 */
export function perceptualDistance(
  teacher: Scope,
  config: SwinUNetConfig,
  x0Hat: o.Value,
  x0: o.Value,
  lq: o.Value,
  at: TimestepConstants,
): o.Value {
  const t = o.constant(new Float32Array(x0Hat.shape[0]).fill(at.timestep));
  const features = (x: o.Value) => swinUNetFeatures(teacher, config, o.mul(x, at.scale), t, lq);
  const truth = features(o.stopGradient(x0));
  return features(x0Hat)
    .map((map, level) => levelDistance(map, truth[level]))
    .reduce((a, b) => o.add(a, b));
}

function levelDistance(a: o.Value, b: o.Value): o.Value {
  const difference = o.sub(unit(a), unit(b));
  // Summed over channels, averaged over places.
  return o.mul(o.reduceMean(o.mul(difference, difference)), a.shape[1]);
}

/** Returns each place's channels over their length. */
function unit(map: o.Value): o.Value {
  const square = o.reduceSum(o.mul(map, map), [1], true);
  return o.div(map, o.sqrt(o.add(square, EPSILON)));
}
