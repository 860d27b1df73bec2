/**
 * LPIPS, version 0.1: Zhang, Isola, Efros, Shechtman, Wang, "The unreasonable effectiveness of deep features
 * as a perceptual metric", CVPR 2018. Each place's activations are brought to unit length; squared
 * differences are summed by learned weights of the channels, averaged over places, and summed over depths. 0
 * for equal pictures.
 */
import { ones, type Scope } from "../../nn/index.js";
import * as o from "../../onnx/index.js";
import { BACKBONES, type BackboneName } from "./backbones.js";

/** The published versions of LPIPS, by the network whose activations they compare. */
export const LPIPS_BACKBONES = {
  alex: "alexnet",
  vgg: "vgg16",
  squeeze: "squeezenet1_1",
} as const satisfies Readonly<Record<string, BackboneName>>;

export type LpipsName = keyof typeof LPIPS_BACKBONES;

/** Mean and deviation of a channel, of pictures in [-1, 1]. */
const SHIFT = [-0.03, -0.088, -0.188];
const SCALE = [0.458, 0.448, 0.45];

/** Keeps a place where nothing stirs from being divided by nothing. */
const EPSILON = 1e-10;

export interface LpipsScopes {
  /** The backbone's parameters. */
  readonly backbone: Scope;
  /** The weights of the channels, `lin0.model.1.weight` and so on. */
  readonly heads: Scope;
}

/**
 * Returns the distance of pictures [N, 3, H, W], RGB in [0, 1] -> [N], from 0 on; it is symmetric. Sides of
 * 35 and more fit all three networks.
 * @throws {Error} for pictures that are too small for the network
 */
export function lpips(name: LpipsName, scopes: LpipsScopes, picture: o.Value, original: o.Value): o.Value {
  const depths = lpipsMaps(name, scopes, picture, original).map((map) => o.reduceMean(map, [1, 2, 3]));
  return depths.reduce((a, b) => o.add(a, b));
}

/** Returns the distance place by place: a map [N, 1, h, w] for each depth, of the size of its activations. */
export function lpipsMaps(
  name: LpipsName,
  { backbone, heads }: LpipsScopes,
  picture: o.Value,
  original: o.Value,
): o.Value[] {
  const { channels, features } = BACKBONES[LPIPS_BACKBONES[name]];
  const [own, others] = [picture, original].map((x) => features(backbone, normalised(x)));
  return channels.map((count, depth) => {
    const difference = o.sub(unit(own[depth]), unit(others[depth]));
    const weight = heads.at(`lin${depth}.model.1`).parameter("weight", [1, count, 1, 1], ones);
    return o.reduceSum(o.mul(o.mul(difference, difference), weight), [1], true);
  });
}

function normalised(x: o.Value): o.Value {
  const channel = (values: readonly number[]) => o.constant(values, [1, 3, 1, 1]);
  return o.div(o.sub(o.sub(o.mul(x, 2), 1), channel(SHIFT)), channel(SCALE));
}

/**
 * Returns each place's channels over their length. Where all are 0 the length has no slope, and 0 is taken
 * for it.
 */
function unit(map: o.Value): o.Value {
  const square = o.reduceSum(o.mul(map, map), [1], true);
  const stirs = o.greater(square, 0);
  const length = o.where(stirs, o.sqrt(o.where(stirs, square, 1)), 0);
  return o.div(map, o.add(length, EPSILON));
}
