/**
 * RRDBNet, the generator of ESRGAN (Wang et al. 2018, arXiv 1809.00219), BSRGAN, RealSR and Real-ESRGAN:
 * residual blocks of residual dense blocks at the size of the small picture, then enlargements by nearest
 * neighbours with a convolution after each.
 */
import { conv, type Scope } from "../../nn/index.js";
import * as o from "../../onnx/index.js";
import { CONVOLUTIONS, DENSE_BLOCKS, type RrdbConfig } from "./config.js";
import { NAMES, type Names } from "./names.js";

/** The share of a block's own result in its output. */
const RESIDUAL = 0.2;

/**
 * Enlarges a picture by residual-in-residual dense blocks.
 * @param x [N, 3, H, W], RGB from 0 to 1; `unshuffle` divides H and W
 * @returns [N, 3, s H, s W] with s = 2^doublings / unshuffle, not clamped
 */
export function rrdbNet(p: Scope, config: RrdbConfig, x: o.Value): o.Value {
  const names = NAMES[config.spelling](config);
  const { features, blocks, unshuffle } = config;
  const first = conv(p.at(names.first), o.pixelUnshuffle(x, unshuffle), features, 3);
  let h = first;
  for (let i = 0; i < blocks; i++) h = residualBlock(p, config, names, i, h);
  h = o.add(first, conv(p.at(names.body), h, features, 3));
  for (const name of names.doublings) h = leaky(conv(p.at(name), o.upsampleNearest(h, 2), features, 3));
  h = leaky(conv(p.at(names.hr), h, features, 3));
  return conv(p.at(names.last), h, 3, 3);
}

function residualBlock(p: Scope, config: RrdbConfig, names: Names, block: number, x: o.Value): o.Value {
  let h = x;
  for (let i = 0; i < DENSE_BLOCKS; i++) {
    h = denseBlock(p, config, (convolution) => names.dense(block, i, convolution), h);
  }
  return o.add(o.mul(h, RESIDUAL), x);
}

/**
 * Computes a dense block, in which each convolution sees the block's input and what all those before it have
 * made.
 */
function denseBlock(
  p: Scope,
  { features, growth }: RrdbConfig,
  name: (convolution: number) => string,
  x: o.Value,
): o.Value {
  let parts: readonly o.Value[] = [x];
  for (let i = 0; i < CONVOLUTIONS - 1; i++) {
    parts = [...parts, leaky(conv(p.at(name(i)), o.concat(parts, 1), growth, 3))];
  }
  const made = conv(p.at(name(CONVOLUTIONS - 1)), o.concat(parts, 1), features, 3);
  return o.add(o.mul(made, RESIDUAL), x);
}

function leaky(x: o.Value): o.Value {
  return o.leakyRelu(x, 0.2);
}
