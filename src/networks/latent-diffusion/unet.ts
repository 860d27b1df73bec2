/**
 * The UNet of latent diffusion (Rombach et al. 2022, arXiv 2112.10752): residual blocks that the timestep is
 * added to, and attention over all pixels at the lowest levels. Parameter names are those of the published
 * checkpoint.
 */
import {
  conv,
  fanIn,
  groupNorm,
  linear,
  resBlock,
  type Scope,
  timestepEmbedding,
  zeros,
} from "../../nn/index.js";
import * as o from "../../onnx/index.js";
import type { LatentDiffusionConfig } from "./config.js";

/**
 * Returns the noise in x, as it is predicted.
 * @param x [N, C, H, W], a latent under noise
 * @param t [N], 0..999
 * @param lq [N, 3, H, W], the small picture in [-1, 1]
 * @returns [N, C, H, W]
 */
export function latentUNet(
  p: Scope,
  config: LatentDiffusionConfig,
  x: o.Value,
  t: o.Value,
  lq: o.Value,
): o.Value {
  const { channels, channelMult, blocks, attention, headChannels } = config;
  const deepest = channelMult.length - 1;
  const time = linear(p.at("time_embed.0"), timestepEmbedding(t, channels), 4 * channels);
  const emb = linear(p.at("time_embed.2"), o.silu(time), 4 * channels);
  const residual = (own: Scope, h: o.Value, level: number) =>
    resBlock(own, h, emb, channelMult[level] * channels, "added");
  const attends = (level: number) => attention.includes(level);
  const attend = (own: Scope, h: o.Value) => selfAttention(own, h, headChannels);

  let at = 0;
  const down = () => p.at("input_blocks").at(at++);
  let h = conv(down().at(0), o.concat([x, lq], 1), channels, 3);
  const kept = [h];
  for (let level = 0; level <= deepest; level++) {
    for (let i = 0; i < blocks; i++) {
      const own = down();
      h = residual(own.at(0), h, level);
      if (attends(level)) h = attend(own.at(1), h);
      kept.push(h);
    }
    if (level === deepest) continue;
    h = conv(down().at("0.op"), h, h.shape[1], 3, { stride: 2 });
    kept.push(h);
  }

  h = residual(p.at("middle_block.0"), h, deepest);
  h = residual(p.at("middle_block.2"), attend(p.at("middle_block.1"), h), deepest);

  at = 0;
  for (let level = deepest; level >= 0; level--) {
    for (let i = 0; i <= blocks; i++) {
      const own = p.at("output_blocks").at(at++);
      h = residual(own.at(0), o.concat([h, kept.pop()!], 1), level);
      if (attends(level)) h = attend(own.at(1), h);
      if (i === blocks && level > 0) {
        h = conv(own.at(attends(level) ? 2 : 1).at("conv"), o.upsampleNearest(h, 2), h.shape[1], 3);
      }
    }
  }
  return conv(p.at("out.2"), o.silu(groupNorm(p.at("out.0"), h)), x.shape[1], 3, { initializer: zeros });
}

/** Computes the attention of all pixels of x [N, C, H, W] to each other. */
function selfAttention(p: Scope, x: o.Value, headChannels: number): o.Value {
  const [n, c, h, w] = x.shape;
  const [heads, pixels] = [c / headChannels, h * w];
  const each = (own: Scope, v: o.Value, channels: number) => {
    const weight = own.parameter("weight", [channels, c, 1], fanIn());
    const bias = own.parameter("bias", [channels], zeros);
    return o.add(o.matmul(o.reshape(weight, [channels, c]), v), o.reshape(bias, [channels, 1]));
  };
  const normal = o.reshape(groupNorm(p.at("norm"), x), [n, c, pixels]);
  const qkv = o.reshape(each(p.at("qkv"), normal, 3 * c), [n, heads, 3 * headChannels, pixels]);
  const [q, k, v] = o.split(qkv, 3, 2);
  const weights = o.softmax(o.matmul(o.transposeLast(o.mul(q, headChannels ** -0.5)), k));
  const attended = o.reshape(o.matmul(v, o.transposeLast(weights)), [n, c, pixels]);
  return o.add(x, o.reshape(each(p.at("proj_out"), attended, c), [n, c, h, w]));
}
