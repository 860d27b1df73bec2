/** How much memory the values of a graph need at once, from shapes alone. */
import { inTopologicalOrder } from "./order.js";
import { bytesOf, type Value } from "./value.js";

/** Operators whose output is their first input under another shape. */
const VIEWS = new Set(["Reshape", "Squeeze", "Unsqueeze", "Flatten", "Identity"]);

/** Operators that may write where one of their inputs was that nobody reads again. */
const IN_PLACE = new Set(
  "Add Sub Mul Div Neg Abs Sqrt Exp Log Pow Erf Tanh Sigmoid Relu LeakyRelu PRelu Clip Max Min Softmax".split(
    " ",
  ),
);

/**
 * Finds the largest number of bytes that are alive at the same time when nodes run in the order they were
 * made: each value from where it is computed to where it is read for the last time, the inputs of the graph
 * all the time. Weights, and what rests on constants alone, do not count; nor does the working memory of the
 * operators, so a runtime needs more.
 */
export function peakBytes(outputs: Iterable<Value>): number {
  const roots = [...outputs];
  const order = inTopologicalOrder(roots);
  const fixed = new Set<Value>();
  /** The value that holds the bytes of each: itself, or what it is a view of. */
  const holders = new Map<Value, Value>();
  const lastUse = new Map<Value, number>();
  order.forEach((value, at) => {
    const { source } = value;
    const inputs = source.kind === "node" ? source.node.inputs.filter((v) => v !== undefined) : [];
    if (source.kind !== "input" && inputs.every((v) => fixed.has(v))) {
      fixed.add(value);
      return;
    }
    const view = source.kind === "node" && VIEWS.has(source.node.op) && !fixed.has(inputs[0]);
    holders.set(value, view ? holders.get(inputs[0])! : value);
    for (const v of [value, ...inputs]) {
      const holder = holders.get(v);
      if (holder) lastUse.set(holder, at);
    }
  });
  for (const value of [...roots, ...order.filter(({ source }) => source.kind === "input")]) {
    const holder = holders.get(value);
    if (holder) lastUse.set(holder, order.length);
  }
  let alive = 0;
  let peak = 0;
  const ends: Value[][] = Array.from({ length: order.length + 1 }, () => []);
  for (const [holder, at] of lastUse) ends[at].push(holder);
  order.forEach((value, at) => {
    const { source } = value;
    const inPlace = source.kind === "node" && IN_PLACE.has(source.node.op);
    const own = holders.get(value) === value ? bytesOf(value) : 0;
    const taken = inPlace && ends[at].some((input) => input !== value && bytesOf(input) === own) ? own : 0;
    alive += own;
    peak = Math.max(peak, alive - taken);
    for (const holder of ends[at]) alive -= bytesOf(holder);
  });
  return peak;
}
