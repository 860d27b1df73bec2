/**
 * The convolutions of three classifiers of ImageNet, whose activations tell how alike two pictures look:
 * AlexNet (Krizhevsky 2014), VGG-16 (Simonyan and Zisserman 2014) and SqueezeNet 1.1 (Iandola et al. 2016).
 * Parameters are named as in torchvision's files; classifiers are left out.
 */
import { conv, type Scope } from "../../nn/index.js";
import * as o from "../../onnx/index.js";

export type BackboneName = "alexnet" | "vgg16" | "squeezenet1_1";

/** A network's activations at a few depths. */
interface Backbone {
  /** The channels of each activation that is looked at. */
  readonly channels: readonly number[];
  /** Returns the activations of pictures [N, 3, H, W], normalised as the network was trained. */
  features(p: Scope, x: o.Value): o.Value[];
}

/** How VGG-16 halves its maps. */
type Pool = (x: o.Value) => o.Value;

export const BACKBONES: Readonly<Record<BackboneName, Backbone>> = {
  alexnet: { channels: [64, 192, 384, 256, 256], features: alexnet },
  vgg16: { channels: [64, 128, 256, 512, 512], features: (p, x) => vgg16(p, x) },
  squeezenet1_1: { channels: [64, 128, 256, 384, 384, 512, 512], features: squeezenet },
};

function convRelu(p: Scope, x: o.Value, channels: number, kernel: number, options = {}): o.Value {
  return o.relu(conv(p, x, channels, kernel, options));
}

function alexnet(p: Scope, x: o.Value): o.Value[] {
  const pool = (map: o.Value) => o.maxPool(map, { kernel: 3, stride: 2 });
  const at = (index: number) => p.at(`features.${index}`);
  const first = convRelu(at(0), x, 64, 11, { stride: 4, padding: 2 });
  const second = convRelu(at(3), pool(first), 192, 5);
  const third = convRelu(at(6), pool(second), 384, 3);
  const fourth = convRelu(at(8), third, 256, 3);
  return [first, second, third, fourth, convRelu(at(10), fourth, 256, 3)];
}

/** The places of VGG-16's convolutions, between its five activations. */
const VGG_LAYERS = [
  [0, 2],
  [5, 7],
  [10, 12, 14],
  [17, 19, 21],
  [24, 26, 28],
] as const;

const halved: Pool = (map) => o.maxPool(map, { kernel: 2, stride: 2 });

/**
 * Computes VGG-16's activations before each halving and at the end. @param pool what halves; the largest of 2
 * x 2
 */
export function vgg16(p: Scope, x: o.Value, pool: Pool = halved): o.Value[] {
  const taps: o.Value[] = [];
  let map = x;
  for (const [level, layers] of VGG_LAYERS.entries()) {
    if (level > 0) map = pool(map);
    const channels = BACKBONES.vgg16.channels[level];
    for (const index of layers) map = convRelu(p.at(`features.${index}`), map, channels, 3);
    taps.push(map);
  }
  return taps;
}

/** SqueezeNet's fire modules: place, channels in between and of each half that comes out. */
const FIRES = [
  [3, 16, 64],
  [4, 16, 64],
  [6, 32, 128],
  [7, 32, 128],
  [9, 48, 192],
  [10, 48, 192],
  [11, 64, 256],
  [12, 64, 256],
] as const;
/** The places before which maps are halved. */
const SQUEEZE_POOLS: readonly number[] = [3, 6, 9];
/** The places after which maps are looked at. */
const SQUEEZE_TAPS: readonly number[] = [4, 7, 9, 10, 11, 12];

function squeezenet(p: Scope, x: o.Value): o.Value[] {
  let map = convRelu(p.at("features.0"), x, 64, 3, { stride: 2, padding: 0 });
  const taps = [map];
  for (const [place, squeezed, expanded] of FIRES) {
    if (SQUEEZE_POOLS.includes(place)) map = o.maxPool(map, { kernel: 3, stride: 2, ceil: true });
    const fire = p.at(`features.${place}`);
    const narrow = convRelu(fire.at("squeeze"), map, squeezed, 1);
    const halves = [1, 3].map((kernel) =>
      convRelu(fire.at(`expand${kernel}x${kernel}`), narrow, expanded, kernel),
    );
    map = o.concat(halves, 1);
    if (SQUEEZE_TAPS.includes(place)) taps.push(map);
  }
  return taps;
}
