/** What a model costs, without running it: counted on the graphs that run, whose weights are only shapes. */
import { enlarges, type ModelDescription, networksIn, type Part } from "../checkpoints/index.js";
import type { CountedRuns } from "../networks/index.js";
import { createScope, type Scope } from "../nn/index.js";
import { countFlops } from "../onnx/flops.js";
import { constant, sizeOf, type Value } from "../onnx/index.js";
import { peakBytes } from "../onnx/memory.js";
import { kindOf } from "./kinds/index.js";
import { tileInputs } from "./tile-inputs.js";

interface Cost {
  /** What runs once for this, such as "encoder". */
  readonly name: string;
  /** The part of the model whose weights it holds. */
  readonly part: string;
  readonly flops: number;
  /** The most bytes that are alive at once, weights left out. */
  readonly bytes: number;
}

export interface ModelCost {
  /** What the costs are for, such as "a tile of 64 x 64 to 256 x 256". */
  readonly per: string;
  /** None for a model that is a file of its own kind. */
  readonly costs: readonly Cost[];
}

/**
 * The side of the tile that costs are told for, in low-resolution pixels, or the next that the network takes.
 */
export const COST_TILE = 64;

export function costOf(description: ModelDescription): ModelCost {
  if (enlarges(description)) {
    const kind = kindOf(description);
    // What is in a file of its own kind is not known.
    if (kind.onePass.length === 0) return { per: "", costs: [] };
    const { multiple, scale } = kind;
    const side = Math.ceil(COST_TILE / multiple) * multiple;
    const tensors = tileInputs(kind, { width: side, height: side });
    const costs = kind.onePass.map(({ name, weights, build }) =>
      measure(name, weights ?? "", (p) => [build(p, tensors)]),
    );
    return { per: `a tile of ${side} x ${side} to ${scale * side} x ${scale * side}`, costs };
  }
  const [{ network, config, part: weights }] = networksIn(description);
  const parts = network.parts({ config });
  const { per, runs } = network.cost?.(config) ?? standardCost(parts);
  const costs = runs.map(({ part, batch }) => {
    const { sized, build } = parts.find(({ name }) => name === part)!;
    const side = sized?.standard ?? 0;
    return measure(part, weights, (p) => Object.values(build(p, { width: side, height: side }, batch)));
  });
  return { per, costs };
}

/** Counts one run of each part, at the size of the first. */
function standardCost(parts: readonly Part[]): CountedRuns {
  const side = parts[0].sized?.standard;
  const per = side === undefined ? "one input" : `a picture of ${side} x ${side}`;
  return { per, runs: parts.map(({ name }) => ({ part: name, batch: 1 })) };
}

function measure(name: string, part: string, build: (p: Scope) => Value[]): Cost {
  const outputs = build(shapesOnly());
  const { products, others } = countFlops(outputs);
  return { name, part, flops: products + others, bytes: peakBytes(outputs) };
}

/** Parameters as constants that nobody reads: their memory is never touched, so that it costs nothing. */
function shapesOnly(): Scope {
  const known = new Map<string, Value>();
  return createScope((name, shape) => {
    const value = known.get(name) ?? constant(new Float32Array(sizeOf(shape)), shape, name);
    known.set(name, value);
    return value;
  });
}
