/**
 * SRVGGNetCompact, Real-ESRGAN's small network (Wang et al. 2021, arXiv 2107.10833): a plain row of 3 x 3
 * convolutions at the size of the small picture, whose result is added to the picture enlarged by nearest
 * neighbours.
 */
import { conv, prelu, type Scope } from "../../nn/index.js";
import * as o from "../../onnx/index.js";
import type { SrvggConfig } from "./config.js";

/**
 * Enlarges a picture by a plain chain of convolutions, over its nearest-neighbour enlargement.
 * @param x [N, 3, H, W], RGB from 0 to 1
 * @returns [N, 3, scale H, scale W], not clamped
 */
export function srvggNet(p: Scope, { features, convolutions, scale }: SrvggConfig, x: o.Value): o.Value {
  const body = p.at("body");
  let h = x;
  // An even number is a convolution's, and the odd one after it that of its activation.
  for (let i = 0; i <= convolutions; i++) {
    h = prelu(body.at(2 * i + 1), conv(body.at(2 * i), h, features, 3));
  }
  h = conv(body.at(2 * convolutions + 2), h, 3 * scale ** 2, 3);
  const enlarged = scale === 1 ? x : o.upsampleNearest(x, scale);
  return o.add(o.pixelShuffle(h, scale), enlarged);
}
