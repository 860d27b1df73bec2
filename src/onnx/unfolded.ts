/**
 * Kernels that are made in every run. What rests on constants alone a runtime computes once, when it loads a
 * model, and holds: Winograd's kernels take four times the memory of their weights, and reading that from a
 * file takes longer than making it anew, which is some 1 % of a run.
 */
import { emit } from "./emit.js";
import { mul } from "./operators/arithmetic.js";
import { gather } from "./operators/shape.js";
import { inTopologicalOrder } from "./order.js";
import { rewrite } from "./rewrite.js";
import { bytesOf, integers, type Value } from "./value.js";

/** What is this many times as large as all that it is made of is not kept. */
const MUCH = 2;

/**
 * Has a runtime compute in each run what rests on constants alone and takes more than twice their bytes: it
 * is made to depend on the size of an input, which is known no sooner.
 *
 * @param name the input [1, C, H, W]
 * @param axis its side that is unknown when the model is loaded
 * @returns the outputs by the same names, with the same numbers
 */
export function unfolded<Name extends string>(
  outputs: Readonly<Record<Name, Value>>,
  name: string,
  axis = 2,
): Record<Name, Value> {
  const values = inTopologicalOrder(Object.values<Value>(outputs));
  const picture = values.find(({ source }) => source.kind === "input" && source.name === name);
  if (!picture) return { ...outputs };
  // 1, for every side.
  const side = gather(emit("Shape", [picture], { shape: [4], type: "int64" }), integers([axis]));
  const one = emit("Min", [side, integers([1])], { shape: [1] });
  const large = largeOnConstants(values);
  return rewrite(outputs, (v, inputs) => {
    if (v.source.kind !== "node" || !large.has(v)) return undefined;
    // The smallest of them: it is copied.
    const sizes = inputs.map((input) => (input ? bytesOf(input) : Number.POSITIVE_INFINITY));
    const smallest = sizes.indexOf(Math.min(...sizes));
    const later = (x: Value) => emit("Reshape", [x, mul(integers(x.shape), one)], { shape: x.shape });
    const given = inputs.map((input, i) => (i === smallest ? later(input!) : input));
    const { op, attributes } = v.source.node;
    return emit(op, given, { shape: v.shape, type: v.type, attributes });
  });
}

/** Counts the bytes of what {@link unfolded} has made in each run, which a runtime would hold otherwise. */
export function unfoldedBytes(outputs: Readonly<Record<string, Value>>): number {
  const large = largeOnConstants(inTopologicalOrder(Object.values(outputs)));
  return [...large].reduce((sum, v) => sum + bytesOf(v), 0);
}

/** Finds the nodes that rest on constants alone and are more than twice as large as their inputs. */
function largeOnConstants(values: readonly Value[]): Set<Value> {
  const [fixed, large] = [new Set<Value>(), new Set<Value>()];
  for (const v of values) {
    const { source } = v;
    if (source.kind === "constant" || source.kind === "stored") fixed.add(v);
    if (source.kind !== "node") continue;
    const given = source.node.inputs.filter((input) => input !== undefined);
    if (!given.every((input) => fixed.has(input))) continue;
    fixed.add(v);
    const size = given.reduce((sum, input) => sum + bytesOf(input), 0);
    if (given[0] && given[0].shape.length > 0 && bytesOf(v) > MUCH * size) large.add(v);
  }
  return large;
}
