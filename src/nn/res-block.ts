import * as o from "../onnx/index.js";
import { zeros } from "./initializers.js";
import { conv, groupNorm, linear } from "./layers.js";
import type { Scope } from "./scope.js";

/**
 * Computes a residual block told the embedding: that scales and shifts the second normalisation (the
 * "scale-shift norm" of Dhariwal & Nichol 2021, arXiv 2105.05233), or is added before it (Ho, Jain, Abbeel
 * 2020, arXiv 2006.11239).
 * @param x [N, C, H, W]
 * @param emb [N, E]
 */
export function resBlock(
  p: Scope,
  x: o.Value,
  emb: o.Value,
  channels: number,
  embedding: "scale and shift" | "added" = "scale and shift",
): o.Value {
  const h = conv(p.at("in_layers.2"), o.silu(groupNorm(p.at("in_layers.0"), x)), channels, 3);
  const told = linear(p.at("emb_layers.1"), o.silu(emb), embedding === "added" ? channels : 2 * channels);
  const norm = p.at("out_layers.0");
  const n =
    embedding === "added"
      ? groupNorm(norm, o.add(h, o.reshape(told, [...told.shape, 1, 1])))
      : groupNorm(norm, h, { modulation: o.split(told, 2, 1) as [o.Value, o.Value] });
  const skip = x.shape[1] === channels ? x : conv(p.at("skip_connection"), x, channels, 1);
  return o.add(skip, conv(p.at("out_layers.3"), o.silu(n), channels, 3, { initializer: zeros }));
}
