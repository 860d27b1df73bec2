/**
 * RealPLKSR (neosr, traiNNer-redux): PLKSR with a normalisation in its blocks, for pictures that are more
 * than small. Parameter names are those of community files.
 */
import { conv, groupNorm, ones, type Scope, zeros } from "../../nn/index.js";
import * as o from "../../onnx/index.js";
import { refined, repeated } from "../plksr/plksr.js";
import { NORM_GROUPS, type RealPlksrConfig } from "./config.js";
import { dysample } from "./dysample.js";

/** Makes [N, 3, s H, s W] of lq [N, 3, H, W], RGB from 0 to 1. */
export function realPlksr(p: Scope, config: RealPlksrConfig, lq: o.Value): o.Value {
  const { channels, blocks, scale, norm, sampling } = config;
  const block = (own: Scope, h: o.Value) => {
    const x = norm === "layer" ? pixelNorm(own.at("layer_norm"), h) : h;
    const wide = o.mish(conv(own.at("channel_mixer.0"), x, 2 * channels, 3));
    const made = refined(own, config, conv(own.at("channel_mixer.2"), wide, channels, 3));
    return o.add(norm === "group" ? groupNorm(own.at("norm"), made, { groups: NORM_GROUPS }) : made, h);
  };
  let h = conv(p.at("feats.0"), lq, channels, 3);
  for (let i = 1; i <= blocks; i++) h = block(p.at("feats").at(i), h);
  // A dropout, which has no tensors, takes one number.
  const features = conv(p.at("feats").at(blocks + 2), h, 3 * scale ** 2, 3);
  const t = o.add(features, repeated(lq, scale));
  return sampling > 0 ? dysample(p.at("to_img"), t, scale, sampling) : o.pixelShuffle(t, scale);
}

/** Computes layer normalisation of each pixel's channels, of [N, C, H, W] where they lie. */
function pixelNorm(p: Scope, x: o.Value): o.Value {
  const channels = x.shape[1];
  const [weight, bias] = [
    p.parameter("weight", [channels], ones),
    p.parameter("bias", [channels], zeros),
  ].map((v) => o.reshape(v, [channels, 1, 1]));
  const centred = o.sub(x, o.reduceMean(x, [1], true));
  const variance = o.reduceMean(o.mul(centred, centred), [1], true);
  return o.add(o.mul(o.div(centred, o.sqrt(o.add(variance, 1e-6))), weight), bias);
}
