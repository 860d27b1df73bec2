/**
 * Graphs of which ONNX Runtime plans no memory. Where it knows the shapes of a graph it decides before the
 * first run which outputs lie one after the other in the same memory, and holds that from the first of them
 * to the last: of a transformer, whose layers have the same shapes, it holds nearly all that one layer makes
 * beside what another needs. Where it knows no shapes each output goes back as soon as nobody reads it.
 */
import { emit } from "./emit.js";
import { mul } from "./operators/arithmetic.js";
import { inTopologicalOrder } from "./order.js";
import { rewrite } from "./rewrite.js";
import { shapeless } from "./shapeless.js";
import { oneOf } from "./unfolded.js";
import { integers, type Value } from "./value.js";

/**
 * Rewrites a graph for pictures of one size so that the runtime finds out next to no shapes, where `toModel`
 * declares none for its inputs (`undeclared`): the shapes that tensors take are made in each run.
 * @param name the input [1, C, H, W]
 * @returns the outputs by the same names, without derivatives, with the same numbers
 */
export function unplanned<Name extends string>(
  outputs: Readonly<Record<Name, Value>>,
  name: string,
): Record<Name, Value> {
  const values = inTopologicalOrder(Object.values<Value>(outputs));
  const one = oneOf(values, name, 2);
  if (!one) return { ...outputs };
  const moving = new Set<Value>();
  const shapes = new Map<string, Value>();
  const later = (shape: Value["shape"]) => {
    const known = shapes.get(String(shape)) ?? mul(integers(shape), one);
    shapes.set(String(shape), known);
    return known;
  };
  for (const v of values) {
    const { source } = v;
    if (
      source.kind === "input" ||
      (source.kind === "node" && source.node.inputs.some((x) => x && moving.has(x)))
    ) {
      moving.add(v);
    }
  }
  const open = rewrite(outputs, (v, [x]) => {
    const isReshaped = v.source.kind === "node" && v.source.node.op === "Reshape" && moving.has(v);
    return isReshaped ? emit("Reshape", [x, later(v.shape)], { shape: v.shape }) : undefined;
  });
  return shapeless(open);
}
