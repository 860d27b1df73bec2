import type { Shape, Value } from "./value.js";

/**
 * Lists what the roots rest on, themselves included, each value after its inputs. It does not recurse,
 * because a training graph is deep.
 */
export function inTopologicalOrder(roots: Iterable<Value>): Value[] {
  const found = new Set<Value>();
  const waiting = [...roots];
  for (let v = waiting.pop(); v; v = waiting.pop()) {
    if (found.has(v)) continue;
    found.add(v);
    if (v.source.kind === "node") for (const i of v.source.node.inputs) if (i) waiting.push(i);
  }
  return [...found].sort((a, b) => a.order - b.order);
}

/** Returns the shapes of the inputs that these values rest on, by name. */
export function inputShapes(values: Iterable<Value>): Record<string, Shape> {
  const shapes: Record<string, Shape> = {};
  for (const { source, shape } of inTopologicalOrder(values)) {
    if (source.kind === "input") shapes[source.name] = shape;
  }
  return shapes;
}
