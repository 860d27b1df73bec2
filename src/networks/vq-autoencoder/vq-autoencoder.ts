/**
 * The VQ-f4 autoencoder of latent diffusion (Rombach et al. 2022, arXiv 2112.10752): images [N, 3, 4H, 4W] to
 * latents [N, 3, H, W] and back. Encoding gives the continuous latent; decoding first replaces each latent
 * pixel by the nearest entry of a codebook. Parameter names are those of the published checkpoint.
 */
import { conv, fanIn, groupNorm, normal, type Scope } from "../../nn/index.js";
import * as o from "../../onnx/index.js";
import type { VqConfig } from "./config.js";

/** The epsilon of every normalisation in this network. */
const EPSILON = 1e-6;

/**
 * Encodes an image [N, 3, H, W] in [-1, 1] as the continuous latent [N, latentChannels, H / f, W / f], f
 * being 2^(levels - 1).
 */
export function encodeLatent(p: Scope, config: VqConfig, image: o.Value): o.Value {
  const { channels, channelMult, resBlocks, latentChannels } = config;
  const e = p.at("encoder");
  let h = conv(e.at("conv_in"), image, channels, 3);
  channelMult.forEach((mult, level) => {
    const down = e.at("down").at(level);
    for (let i = 0; i < resBlocks; i++) h = block(down.at("block").at(i), h, mult * channels);
    if (level < channelMult.length - 1) h = halve(down.at("downsample"), h);
  });
  h = middle(e.at("mid"), h);
  h = conv(e.at("conv_out"), o.silu(norm(e.at("norm_out"), h)), latentChannels, 3);
  return conv(p.at("quant_conv"), h, latentChannels, 1);
}

/**
 * Returns the latent a decoder starts from: each pixel's nearest code by Euclidean distance, and that code's
 * number [N, H, W].
 */
export function quantise(p: Scope, { codes, latentChannels }: VqConfig, z: o.Value) {
  const [n, c, h, w] = z.shape;
  const book = p.at("quantize").parameter("embedding.weight", [codes, latentChannels], normal(1 / codes));
  const pixels = o.reshape(o.transpose(z, [0, 2, 3, 1]), [n * h * w, c]);
  // |z - e|^2 = |z|^2 - 2 z e + |e|^2, and the first is the same for every code.
  const lengths = o.reshape(o.reduceSum(o.mul(book, book), [1]), [1, codes]);
  const nearest = inBlocks(pixels, codes).map((some) =>
    o.argMin(o.gemm(some, book, { transB: true, alpha: -2, bias: lengths }), 1),
  );
  const indices = o.concat(nearest, 0);
  const quantised = o.transpose(o.reshape(o.gather(book, indices), [n, h, w, c]), [0, 3, 1, 2]);
  return { quantised, indices: o.reshape(indices, [n, h, w]) };
}

/** Latents [N, latentChannels, H, W], quantised or not -> images [N, 3, f H, f W], about [-1, 1]. */
export function decodeLatent(p: Scope, config: VqConfig, latent: o.Value): o.Value {
  const { channels, channelMult, resBlocks, latentChannels } = config;
  const d = p.at("decoder");
  const deepest = channelMult.length - 1;
  let h = conv(p.at("post_quant_conv"), latent, latentChannels, 1);
  h = conv(d.at("conv_in"), h, channelMult[deepest] * channels, 3);
  h = middle(d.at("mid"), h);
  for (let level = deepest; level >= 0; level--) {
    const up = d.at("up").at(level);
    for (let i = 0; i <= resBlocks; i++) h = block(up.at("block").at(i), h, channelMult[level] * channels);
    if (level > 0) h = conv(up.at("upsample.conv"), o.upsampleNearest(h, 2), h.shape[1], 3);
  }
  return conv(d.at("conv_out"), o.silu(norm(d.at("norm_out"), h)), 3, 3);
}

function norm(p: Scope, x: o.Value): o.Value {
  return groupNorm(p, x, { epsilon: EPSILON });
}

function middle(p: Scope, x: o.Value): o.Value {
  const first = block(p.at("block_1"), x, x.shape[1]);
  return block(p.at("block_2"), attention(p.at("attn_1"), first), x.shape[1]);
}

function block(p: Scope, x: o.Value, channels: number): o.Value {
  const h = conv(p.at("conv1"), o.silu(norm(p.at("norm1"), x)), channels, 3);
  const skip = x.shape[1] === channels ? x : conv(p.at("nin_shortcut"), x, channels, 1);
  return o.add(skip, conv(p.at("conv2"), o.silu(norm(p.at("norm2"), h)), channels, 3));
}

/** Returns a stride of 2 that pads on the right and at the bottom only. */
function halve(p: Scope, x: o.Value): o.Value {
  const channels = x.shape[1];
  const weight = p.parameter("conv.weight", [channels, channels, 3, 3], fanIn());
  const bias = p.parameter("conv.bias", [channels], (shape) => new Float32Array(shape[0]));
  return o.conv(o.pad(x, [0, 0, 0, 0], [0, 0, 1, 1]), weight, bias, { stride: 2 });
}

/** Computes self-attention over all pixels, with one head. */
function attention(p: Scope, x: o.Value): o.Value {
  const [n, c, h, w] = x.shape;
  const normal = norm(p.at("norm"), x);
  const flat = (name: string) => o.reshape(conv(p.at(name), normal, c, 1), [n, c, h * w]);
  const [q, k, v] = ["q", "k", "v"].map(flat);
  const each = o.split(o.reshape(o.transposeLast(q), [n * h * w, c]), n, 0);
  const attended = each.map((queries, i) => {
    const [keys, values] = [k, v].map((all) => o.reshape(o.slice(all, [0], [i], [i + 1]), [c, h * w]));
    const columns = inBlocks(queries, h * w).map((some) => {
      const weights = o.softmax(o.mul(o.matmul(some, keys), c ** -0.5));
      return o.matmul(values, o.transposeLast(weights));
    });
    return o.reshape(o.concat(columns, 1), [1, c, h, w]);
  });
  return o.add(x, conv(p.at("proj_out"), o.concat(attended, 0), c, 1));
}

/**
 * Numbers in a product of a block of pixels with all pixels, or all codes: 16 MB, which caches still help
 * with.
 */
const BLOCK = 2 ** 22;

/** Pixels in a block at least: a latent of 512 x 512 would else be cut into 16,384. */
const LEAST_ROWS = 64;

/**
 * Cuts pixels [M, C] into blocks, for a product with `others` columns. A whole one has 134 MB for a latent of
 * 64 x 64, and for a side twice as long, in attention, sixteen times as much.
 */
function inBlocks(pixels: o.Value, others: number): o.Value[] {
  const count = pixels.shape[0];
  const size = Math.max(LEAST_ROWS, Math.floor(BLOCK / others));
  const starts = Array.from({ length: Math.ceil(count / size) }, (_, i) => i * size);
  return o.split(
    pixels,
    starts.map((start) => Math.min(size, count - start)),
    0,
  );
}
