/** A model of one pass: its network makes the large picture from the small one, without noise and masks. */
import type { Direct } from "../../networks/index.js";
import { createScope } from "../../nn/index.js";
import * as o from "../../onnx/index.js";
import { peakBytes } from "../../onnx/memory.js";
import { KEPT_SESSION_BYTES, type ModelKind, type TileGraph, type TileTensor } from "./kind.js";

/** Sides of tiles that may suit: large ones overlap less, and need more memory. */
const SIDES = [256, 192, 128, 96, 64, 32];

/**
 * What the values of a tile may take at once, in bytes. A runtime has its own working memory beside them:
 * with RRDB networks a tile takes about three times as much.
 */
const BUDGET = 250e6;

/**
 * Makes a kind of a network that enlarges in one pass.
 * @param weights the name of the network's weights in the description
 */
export function directKind<Config>(weights: string, config: Config, network: Direct<Config>): ModelKind {
  const multiple = network.multiple(config);
  const [scale, channels] = [network.scale(config), network.channels?.(config) ?? 3];
  const pass: TileGraph = {
    name: "network",
    output: "hr",
    timed: "network",
    weights,
    build(p, { lq }) {
      const [, colours, height, width] = lq.shape;
      // A network of grey pictures takes each colour as one.
      const pictures = o.reshape(fromZero(lq), [colours / channels, channels, height, width]);
      const hr = network.enlarge(p, config, pictures);
      return aroundZero(o.reshape(hr, [1, colours, scale * height, scale * width]));
    },
  };
  const tile = Math.ceil((network.tile ?? sideWithin(BUDGET, pass, multiple)) / multiple) * multiple;
  return {
    scale,
    multiple,
    tile,
    overlap: Math.min(network.overlap(config), tile >> 1),
    keptBytes: KEPT_SESSION_BYTES,
    onePass: [pass],
    graphs: [pass],
    enlarge: ({ paint, run }) => paint((picture) => run(pass, { lq: picture.lq() }, picture.tile)),
  };
}

/** Returns the largest side whose tiles stay within so many bytes; they grow with its square. */
function sideWithin(budget: number, { build }: TileGraph, multiple: number): number {
  const side = 4 * multiple;
  const weights = createScope((name, shape) => o.stored({ file: "", offset: 0 }, shape, name));
  const lq = o.input("lq", [1, 3, side, side]);
  const bytes = peakBytes([build(weights, { lq } as Readonly<Record<TileTensor, o.Value>>)]);
  return SIDES.find((s) => bytes * (s / side) ** 2 <= budget) ?? SIDES.at(-1)!;
}

/** Maps -1..1 to 0..1, as these networks take pictures. */
export function fromZero(lq: o.Value): o.Value {
  return o.mul(o.add(lq, 1), 0.5);
}

/** Returns what they make, within 0..1, as it is blended. */
export function aroundZero(hr: o.Value): o.Value {
  return o.sub(o.mul(o.clip(hr, 0, 1), 2), 1);
}
