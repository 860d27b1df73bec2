/**
 * The names of tensors that have none. A network asks for its parameters in the order in which it computes,
 * and ncnn keeps them so; thus a network that reads itself off their shapes in that order also names them.
 * That it is this network, and none that only has the same sizes, is told by comparing the two graphs.
 */
import { NETWORKS, type Network } from "../../networks/index.js";
import { createScope, trainableScope } from "../../nn/index.js";
import { input, sameGraph, sameShape, type Value } from "../../onnx/index.js";
import { ncnnGraph } from "./graph.js";
import type { Layer } from "./param.js";
import type { Parameter } from "./weights.js";

/** Returns the published names of all tensors, in their order; undefined where no network is the graph's. */
export function publishedNames(
  layers: readonly Layer[],
  parameters: readonly Parameter[],
): string[] | undefined {
  const shapes = parameters.map(({ shape }) => shape);
  for (const network of NETWORKS) {
    const config = network.readInOrder?.(shapes);
    if (config === undefined || network.config.check(config, "")) continue;
    const names = namesIn(network, config, layers, parameters);
    if (names) return names;
  }
  return undefined;
}

function namesIn(
  network: Network,
  config: unknown,
  layers: readonly Layer[],
  parameters: readonly Parameter[],
): string[] | undefined {
  const { upscaling } = network;
  if (upscaling?.by !== "one pass") return undefined;
  const side = upscaling.multiple(config);
  const image = input("lq", [1, 3, side, side]);
  const own = trainableScope();
  const due = upscaling.enlarge(own.scope, config, image);
  const asked = own.parameters();
  const fits =
    asked.length === parameters.length &&
    asked.every(({ shape }, i) => sameShape(shape, parameters[i].shape));
  if (!fits) return undefined;
  const values = new Map<string, Value>(parameters.map(({ name }, i) => [name, asked[i].value]));
  const scope = createScope((name) => values.get(name)!);
  const found = ncnnGraph(layers, scope, image);
  return sameGraph({ due }, { due: found }) ? asked.map(({ name }) => name) : undefined;
}
