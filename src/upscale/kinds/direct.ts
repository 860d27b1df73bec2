/** A model of one pass: its network makes the large picture from the small one, without noise and masks. */
import type { Direct } from "../../networks/index.js";
import * as o from "../../onnx/index.js";
import type { ModelKind, TileGraph } from "./kind.js";

const TILE = 128;

/** @param weights the name of the network's weights in the description */
export function directKind<Config>(weights: string, config: Config, network: Direct<Config>): ModelKind {
  const multiple = network.multiple(config);
  const tile = Math.ceil((network.tile ?? TILE) / multiple) * multiple;
  const pass: TileGraph = {
    name: "network",
    output: "hr",
    timed: "network",
    weights,
    build(p, { lq }) {
      const hr = network.enlarge(p, config, o.mul(o.add(lq, 1), 0.5));
      return o.sub(o.mul(o.clip(hr, 0, 1), 2), 1);
    },
  };
  return {
    scale: network.scale(config),
    multiple,
    tile,
    overlap: Math.min(network.overlap(config), tile >> 1),
    cache: { sizes: 4, pixels: 4 * tile * tile },
    onePass: [pass],
    enlarge: ({ paint, run }) => paint((picture) => run(pass, { lq: picture.lq() })),
  };
}
