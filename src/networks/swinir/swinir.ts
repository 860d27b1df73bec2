/**
 * SwinIR (Liang et al. 2021, arXiv 2108.10257): groups of Swin transformer blocks with convolutions around
 * them. Parameter names are those of the published files.
 */
import { attendInWindows, conv, layerNorm, linear, type Scope } from "../../nn/index.js";
import * as o from "../../onnx/index.js";
import type { SwinIRConfig } from "./config.js";
import { shiftMask } from "./shift-mask.js";
import { upsampled } from "./upsamplers.js";

const MEAN = [0.4488, 0.4371, 0.404];

/** What windows of every second block are shifted by. */
const shiftOf = ({ window }: SwinIRConfig) => window >> 1;

/**
 * Makes [N, C, s H, s W] of lq [N, C, H, W], from 0 to 1.
 * @throws {Error} when H or W does not divide by the window
 */
export function swinIR(p: Scope, config: SwinIRConfig, lq: o.Value): o.Value {
  const { channels, embed, range, window } = config;
  const [, , height, width] = lq.shape;
  const mean = channels === 3 ? o.constant(Float32Array.from(MEAN), [1, 3, 1, 1]) : undefined;
  const centred = mean ? o.sub(lq, mean) : lq;
  const x = range === 1 ? centred : o.mul(centred, range);

  const mask = shiftMask(height, width, window, shiftOf(config));
  const first = conv(p.at("conv_first"), x, embed, 3);
  let pixels = layerNorm(p.at("patch_embed.norm"), o.transpose(first, [0, 2, 3, 1]));
  for (let i = 0; i < config.depths.length; i++) {
    pixels = residualGroup(p.at("layers").at(i), config, i, pixels, mask);
  }
  const deep = o.transpose(layerNorm(p.at("norm"), pixels), [0, 3, 1, 2]);
  const features = o.add(residual(p.at("conv_after_body"), config, deep), first);

  const made = upsampled(p, config, features);
  const y = config.upsampler === "none" ? o.add(x, made) : made;
  const scaled = range === 1 ? y : o.mul(y, 1 / range);
  return mean ? o.add(scaled, mean) : scaled;
}

/**
 * Returns a layer: its blocks, and a convolution whose result is added to what came in. Pixels are [N, H, W,
 * C].
 */
function residualGroup(p: Scope, config: SwinIRConfig, layer: number, x: o.Value, mask: o.Value): o.Value {
  let h = x;
  for (let i = 0; i < config.depths[layer]; i++) {
    const own = p.at("residual_group.blocks").at(i);
    h = block(own, config, config.heads[layer], h, i % 2 === 1 ? mask : undefined);
  }
  const picture = residual(p.at("conv"), config, o.transpose(h, [0, 3, 1, 2]));
  return o.add(o.transpose(picture, [0, 2, 3, 1]), x);
}

function block(p: Scope, config: SwinIRConfig, heads: number, x: o.Value, mask?: o.Value): o.Value {
  const { embed, window, hidden } = config;
  const attended = attendInWindows(p.at("attn"), layerNorm(p.at("norm1"), x), {
    ...{ window, headChannels: embed / heads, mask },
    shift: mask ? shiftOf(config) : 0,
  });
  const h = o.add(x, attended);
  const [n, height, width] = x.shape;
  const tokens = o.reshape(layerNorm(p.at("norm2"), h), [n * height * width, embed]);
  const wide = o.gelu(linear(p.at("mlp.fc1"), tokens, hidden));
  return o.add(h, o.reshape(linear(p.at("mlp.fc2"), wide, embed), h.shape));
}

/** Computes one convolution of 3 x 3, or three through a quarter of the channels. */
function residual(p: Scope, { embed, residual }: SwinIRConfig, x: o.Value): o.Value {
  if (residual === "1conv") return conv(p, x, embed, 3);
  const narrow = Math.floor(embed / 4);
  const squeezed = o.leakyRelu(conv(p.at(0), x, narrow, 3), 0.2);
  return conv(p.at(4), o.leakyRelu(conv(p.at(2), squeezed, narrow, 1), 0.2), embed, 3);
}
