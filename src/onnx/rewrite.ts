import { inTopologicalOrder } from "./order.js";
import { makeValue, type Node, type Value } from "./value.js";

/**
 * Makes what stands in place of a value whose node now has these inputs; undefined leaves the node as it is.
 */
type Rule = (value: Value, inputs: readonly (Value | undefined)[]) => Value | undefined;

/**
 * Copies a graph with some values replaced by others that compute the same. Derivatives are not carried over:
 * a graph is rewritten to be run, not to be differentiated.
 * @returns the outputs of the new graph, by the names of the old one's
 */
export function rewrite<Name extends string>(
  outputs: Readonly<Record<Name, Value>>,
  rule: Rule,
): Record<Name, Value> {
  const replaced = new Map<Value, Value>();
  // A node with several outputs stays one node.
  const remade = new Map<Node, Node>();
  for (const v of inTopologicalOrder(Object.values<Value>(outputs))) {
    const { source } = v;
    if (source.kind !== "node") {
      replaced.set(v, v);
      continue;
    }
    const { node, output } = source;
    const inputs = node.inputs.map((i) => i && replaced.get(i)!);
    const value = rule(v, inputs);
    if (value) {
      replaced.set(v, value);
    } else if (inputs.every((i, place) => i === node.inputs[place])) {
      replaced.set(v, v);
    } else {
      const made = remade.get(node) ?? { ...node, inputs };
      remade.set(node, made);
      replaced.set(v, makeValue(v.shape, v.type, { kind: "node", node: made, output }));
    }
  }
  const entries = Object.entries<Value>(outputs).map(([name, v]) => [name, replaced.get(v)!]);
  return Object.fromEntries(entries) as Record<Name, Value>;
}

/**
 * Tells whether a value rests on constants alone, so that the runtime computes it once, when it loads the
 * model.
 */
export function isFixed(v: Value): boolean {
  return inTopologicalOrder([v]).every(({ source }) => source.kind !== "input");
}
