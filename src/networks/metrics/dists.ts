/**
 * DISTS: Ding, Ma, Wang, Simoncelli, "Image quality assessment: unifying structure and texture similarity",
 * IEEE TPAMI
 * 2020. Each channel of the picture and of VGG-16's activations is compared by its mean (texture) and its
 * covariance over the whole map (structure), in the manner of SSIM. 0 for equal pictures.
 */
import { ones, type Scope } from "../../nn/index.js";
import * as o from "../../onnx/index.js";
import { BACKBONES, vgg16 } from "./backbones.js";

const MEAN = [0.485, 0.456, 0.406];
const DEVIATION = [0.229, 0.224, 0.225];

/** Keeps both similarities of channels that are nowhere anything at 1. */
const STABLE = 1e-6;
/** What is added under the root of a pooled square. */
const EPSILON = 1e-12;

/** The picture itself is the first of the maps. */
const CHANNELS = [3, ...BACKBONES.vgg16.channels];
const COUNT = CHANNELS.reduce((a, b) => a + b);

export interface DistsScopes {
  /** VGG-16's parameters. */
  readonly backbone: Scope;
  /** `alpha` and `beta`, the weights of the two similarities. */
  readonly weights: Scope;
}

interface Dists {
  /** The distance, [N]. */
  readonly distance: o.Value;
  /** S1 and S2 of every channel, [N, 1475]. */
  readonly luminance: o.Value;
  readonly structure: o.Value;
}

/** Returns the distance of pictures [N, 3, H, W], RGB in [0, 1]. */
export function dists({ backbone, weights }: DistsScopes, picture: o.Value, original: o.Value): Dists {
  const [own, others] = [picture, original].map((x) => distsFeatures(backbone, x));
  const pairs = own.map((map, depth) => similarities(map, others[depth]));
  const luminance = o.concat(
    pairs.map(([s1]) => s1),
    1,
  );
  const structure = o.concat(
    pairs.map(([, s2]) => s2),
    1,
  );
  const [alpha, beta] = ["alpha", "beta"].map((name) =>
    o.reshape(weights.parameter(name, [1, COUNT, 1, 1], ones), [1, COUNT]),
  );
  const total = o.add(o.reduceSum(alpha), o.reduceSum(beta));
  const weighted = o.add(o.mul(alpha, luminance), o.mul(beta, structure));
  return { distance: o.sub(1, o.div(o.reduceSum(weighted, [1]), total)), luminance, structure };
}

/**
 * Returns the maps that are compared: the picture, then VGG-16's activations with maps halved by {@link
 * l2Pool}.
 */
export function distsFeatures(backbone: Scope, x: o.Value): o.Value[] {
  const channel = (values: readonly number[]) => o.constant(values, [1, 3, 1, 1]);
  const normalised = o.div(o.sub(x, channel(MEAN)), channel(DEVIATION));
  return [x, ...vgg16(backbone, normalised, l2Pool)];
}

/**
 * Halves maps [N, C, H, W] -> [N, C, ceil(H / 2), ceil(W / 2)] to the root of their blurred squares; the blur
 * is [1 2 1] / 4 both ways, with zeros beyond the border. Taken apart into shifted copies: a convolution of
 * single channels is slow.
 */
export function l2Pool(x: o.Value): o.Value {
  return o.sqrt(o.add(blurred(blurred(o.mul(x, x), 2), 3), EPSILON));
}

function blurred(map: o.Value, axis: number): o.Value {
  const side = map.shape[axis];
  const half = Math.ceil(side / 2);
  const at = (amount: number) => map.shape.map((_, i) => (i === axis ? amount : 0));
  const padded = o.pad(map, at(1), at(2 * half - side));
  const [before, middle, after] = [0, 1, 2].map((i) =>
    o.slice(padded, [axis], [i], [i + 2 * (half - 1) + 1], [2]),
  );
  return o.mul(o.add(o.add(before, after), o.mul(middle, 2)), 0.25);
}

/**
 * Computes S1 and S2, each [N, C]. Means are taken off before squares are, which keeps the digits of a small
 * variance.
 */
function similarities(x: o.Value, y: o.Value): readonly [o.Value, o.Value] {
  const mean = (map: o.Value) => o.reduceMean(map, [2, 3], true);
  const square = (map: o.Value) => o.mul(map, map);
  const [mx, my] = [mean(x), mean(y)];
  const [cx, cy] = [o.sub(x, mx), o.sub(y, my)];
  const similarity = (product: o.Value, squares: o.Value) =>
    o.div(o.add(o.mul(product, 2), STABLE), o.add(squares, STABLE));
  const flat = (value: o.Value) => o.reshape(value, [x.shape[0], x.shape[1]]);
  return [
    flat(similarity(o.mul(mx, my), o.add(square(mx), square(my)))),
    flat(similarity(mean(o.mul(cx, cy)), o.add(mean(square(cx)), mean(square(cy))))),
  ];
}
