/**
 * The coverage network: a small convolutional network that says how many masks cover each pixel, in one pass and
 * differentiably, where a mask generator takes its time and has no gradient.
 *
 * Coverage is a count of nested regions, and a region is what differs from its surroundings in the whole image. So this is
 * a U-Net (Ronneberger et al. 2015, arXiv 1505.04597) whose coarsest level has one pixel for 16 x 16 of the image, where
 * an average over the image tells every pixel what kind of image it is in. Residual blocks are normalised by group, which
 * makes the result depend on the image as a whole, as the count does: an image is never cut into tiles for it.
 */
import { conv, groupNorm, linear, type Scope, trainableScope, zeros } from "../nn/index.js";
import * as o from "../onnx/index.js";

export interface CoverageNetworkConfig {
  /** Channels of each level, from half the image's size down by halves. */
  readonly channels: readonly number[];
  /** Residual blocks of each level; but for the last level as many on the way down as on the way up. */
  readonly blocks: readonly number[];
  /** Groups of the normalisation; divides all channels. */
  readonly groups: number;
}

/** The first level's pixels are blocks of PATCH x PATCH, laid out in channels: the image's own size costs no convolution. */
const PATCH = 2;

/** The bundled `coverage-tiny`. */
export const COVERAGE_TINY: CoverageNetworkConfig = {
  channels: [32, 64, 80, 96],
  blocks: [1, 2, 1, 1],
  groups: 8,
};

/**
 * The configuration of a coverage network, from the shapes of its tensors alone; undefined when they are not of one.
 * Groups leave no trace in a shape, so they are {@link COVERAGE_TINY}'s.
 */
export function coverageConfigOf(shapes: ReadonlyMap<string, o.Shape>): CoverageNetworkConfig | undefined {
  const channels: number[] = [];
  const counted: number[] = [];
  for (;;) {
    const level = channels.length;
    const weight = shapes.get(level === 0 ? "stem.weight" : `reduce.${level}.weight`);
    if (!weight) break;
    channels.push(weight[0]);
    let count = 0;
    while (shapes.has(`down.${level}.${count}.conv1.weight`)) count++;
    counted.push(count);
  }
  const config = { channels, blocks: counted, groups: COVERAGE_TINY.groups };
  if (channels.length === 0 || channels.some((count) => count % config.groups !== 0)) return undefined;
  const side = coverageMultiple(config);
  const { scope, parameters } = trainableScope();
  coverageNetwork(scope, config, o.input("image", [1, 3, side, side]));
  const specs = parameters();
  const fits = specs.every(({ name, shape }) => String(shapes.get(name)) === String(shape));
  return fits && specs.length === shapes.size ? config : undefined;
}

/** What the sides of the image must divide by. */
export function coverageMultiple({ channels }: CoverageNetworkConfig): number {
  return PATCH * 2 ** (channels.length - 1);
}

/**
 * @param image [N, 3, H, W] in [-1, 1]; H and W divide by {@link coverageMultiple}
 * @returns the number of masks over each pixel, [N, 1, H, W], not negative and not rounded
 */
export function coverageNetwork(p: Scope, config: CoverageNetworkConfig, image: o.Value): o.Value {
  const { channels } = config;
  const last = channels.length - 1;
  const levels: o.Value[] = [];
  let h = conv(p.at("stem"), o.spaceToDepth(image, PATCH), channels[0], 3);
  for (let level = 0; level <= last; level++) {
    if (level > 0) h = conv(p.at("reduce").at(level), h, channels[level], 3, { stride: 2 });
    h = blocks(p.at("down").at(level), h, config, level);
    levels.push(h);
  }
  h = withContext(p.at("context"), h);
  for (let level = last - 1; level >= 0; level--) {
    const coarse = o.upsampleNearest(conv(p.at("enlarge").at(level), h, channels[level], 1), 2);
    h = blocks(p.at("up").at(level), o.add(levels[level], coarse), config, level);
  }
  h = o.silu(groupNorm(p.at("head.norm"), h, config));
  return softplus(o.depthToSpace(conv(p.at("head.conv"), h, PATCH * PATCH, 3), PATCH));
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

/** Scales and shifts each channel by what the channels are on average over the image. */
function withContext(p: Scope, x: o.Value): o.Value {
  const [n, channels] = x.shape;
  const mean = o.reduceMean(x, [2, 3]);
  const hidden = o.silu(linear(p.at("linear1"), mean, channels));
  const modulation = linear(p.at("linear2"), hidden, 2 * channels, zeros);
  const [scale, shift] = o.split(o.reshape(modulation, [n, 2 * channels, 1, 1]), 2, 1);
  return o.add(o.mul(x, o.add(scale, 1)), shift);
}

/** log(1 + exp(x)), which does not overflow. */
function softplus(x: o.Value): o.Value {
  return o.add(o.relu(x), o.log(o.add(o.exp(o.neg(o.abs(x))), 1)));
}
