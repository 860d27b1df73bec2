/**
 * The coverage network: a small convolutional network that says how many masks cover each pixel, in one pass
 * and differentiably, where a mask generator takes its time and has no gradient.
 *
 * Coverage is a count of nested regions, and a region is what differs from its surroundings in the whole
 * image. So this is a U-Net (Ronneberger et al. 2015, arXiv 1505.04597) which at every level is shown the
 * image at that size beside what it has made of it: colours, and how much they differ from those around,
 * since contrast at a scale is what makes a region stand out there. Without these views it had learnt less
 * after 300 steps than with them after 100. At the coarsest level an average over the image tells every pixel
 * what kind of image it is in. Residual blocks are normalised by group, which makes the result depend on the
 * image as a whole, as the count does: an image is never cut into tiles for it.
 */
import { conv, groupNorm, linear, type Scope, zeros } from "../../nn/index.js";
import * as o from "../../onnx/index.js";
import { type CoverageNetworkConfig, STEM_BLOCK } from "./config.js";

/**
 * Predicts how many masks cover each pixel of an image.
 * @param image [N, 3, H, W] in [-1, 1]; H and W divide by {@link coverageMultiple}
 * @returns the number of masks over each pixel, [N, 1, H, W], not negative and not rounded
 */
export function coverageNetwork(p: Scope, config: CoverageNetworkConfig, image: o.Value): o.Value {
  const { channels } = config;
  const last = channels.length - 1;
  const levels: o.Value[] = [];
  const seen = views(image, channels.length);
  let h = conv(p.at("stem"), o.spaceToDepth(image, STEM_BLOCK), channels[0], 3);
  for (let level = 0; level <= last; level++) {
    if (level > 0) h = conv(p.at("reduce").at(level), h, channels[level], 3, { stride: 2 });
    h = o.add(h, conv(p.at("look").at(level), seen[level], channels[level], 1));
    h = blocks(p.at("down").at(level), h, config, level);
    levels.push(h);
  }
  h = withContext(p.at("context"), h);
  for (let level = last - 1; level >= 0; level--) {
    const coarse = o.upsampleNearest(conv(p.at("enlarge").at(level), h, channels[level], 1), 2);
    h = blocks(p.at("up").at(level), o.add(levels[level], coarse), config, level);
  }
  h = o.silu(groupNorm(p.at("head.norm"), h, config));
  return softplus(o.depthToSpace(conv(p.at("head.conv"), h, STEM_BLOCK * STEM_BLOCK, 3), STEM_BLOCK));
}

function blocks(p: Scope, x: o.Value, config: CoverageNetworkConfig, level: number): o.Value {
  let h = x;
  for (let i = 0; i < config.blocks[level]; i++) h = block(p.at(i), h, config);
  return h;
}

function block(p: Scope, x: o.Value, config: CoverageNetworkConfig): o.Value {
  const channels = x.shape[1];
  const h = conv(p.at("conv1"), o.silu(groupNorm(p.at("norm1"), x, config)), channels, 3);
  const n = o.silu(groupNorm(p.at("norm2"), h, config));
  return o.add(x, conv(p.at("conv2"), n, channels, 3, { initializer: zeros }));
}

/**
 * Returns what each level is shown of the image, [N, 6 + coarser levels + 1, h, w]. Of each of its blocks:
 * the mean of each colour; the logarithm of the colour's deviation in it, of its differences to the next
 * block on the right and below (as the borders of regions are judged by), and of those to the larger blocks
 * it lies in, up to the whole image.
 */
function views(image: o.Value, levels: number): o.Value[] {
  const sizes = Array.from({ length: levels }, (_, level) => STEM_BLOCK * 2 ** level);
  const means = sizes.map((size) => o.averagePool(image, size));
  const whole = o.reduceMean(image, [2, 3], true);
  return means.map((mean, level) => {
    const squares = o.averagePool(o.mul(image, image), sizes[level]);
    const variance = o.reduceMean(o.relu(o.sub(squares, o.mul(mean, mean))), [1], true);
    const larger = means.slice(level + 1).map((v, i) => o.upsampleNearest(v, 2 ** (i + 1)));
    const others = [shifted(mean, 2), shifted(mean, 3), ...larger, whole];
    return o.concat([mean, ...[variance, ...others.map((v) => distance(mean, v))].map(logarithm)], 1);
  });
}

/** Returns the squared difference of two images, averaged over colours. */
function distance(a: o.Value, b: o.Value): o.Value {
  const difference = o.sub(a, b);
  return o.reduceMean(o.mul(difference, difference), [1], true);
}

/**
 * Computes half the logarithm of a squared difference, brought near 0; below a grey level or so there is only
 * noise.
 */
function logarithm(square: o.Value): o.Value {
  return o.add(o.mul(o.log(o.add(square, 1e-4)), 0.5), 2.5);
}

/** Returns each pixel's successor along an axis, the last one's itself. */
function shifted(x: o.Value, axis: number): o.Value {
  const after = x.shape.map((_, i) => (i === axis ? 1 : 0));
  const padded = o.pad(
    x,
    x.shape.map(() => 0),
    after,
    "edge",
  );
  return o.slice(padded, [axis], [1], [x.shape[axis] + 1]);
}

/** Scales and shifts each channel by what the channels are on average over the image. */
function withContext(p: Scope, x: o.Value): o.Value {
  const [n, channels] = x.shape;
  const mean = o.reduceMean(x, [2, 3]);
  const hidden = o.silu(linear(p.at("linear1"), mean, channels));
  const modulation = linear(p.at("linear2"), hidden, 2 * channels, zeros);
  const [scale, shift] = o.split(o.reshape(modulation, [n, 2 * channels, 1, 1]), 2, 1);
  return o.add(o.mul(x, o.add(scale, 1)), shift);
}

/** Computes log(1 + exp(x)), which does not overflow. */
function softplus(x: o.Value): o.Value {
  return o.add(o.relu(x), o.log(o.add(o.exp(o.neg(o.abs(x))), 1)));
}
