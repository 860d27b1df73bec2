import * as o from "../onnx/index.js";
import { zeros } from "./initializers.js";
import { conv, groupNorm, linear } from "./layers.js";
import type { Scope } from "./scope.js";

/**
 * A residual block whose second normalisation is scaled and shifted by the embedding (the "scale-shift norm"
 * of Dhariwal & Nichol 2021, arXiv 2105.05233).
 * @param x [N, C, H, W]
 * @param emb [N, E]
 */
export function resBlock(p: Scope, x: o.Value, emb: o.Value, channels: number): o.Value {
  const h = conv(p.at("in_layers.2"), o.silu(groupNorm(p.at("in_layers.0"), x)), channels, 3);
  const [scale, shift] = o.split(linear(p.at("emb_layers.1"), o.silu(emb), 2 * channels), 2, 1);
  const n = groupNorm(p.at("out_layers.0"), h, { modulation: [scale, shift] });
  const skip = x.shape[1] === channels ? x : conv(p.at("skip_connection"), x, channels, 1);
  return o.add(skip, conv(p.at("out_layers.3"), o.silu(n), channels, 3, { initializer: zeros }));
}
