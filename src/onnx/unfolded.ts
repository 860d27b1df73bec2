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
 * @param name the input [1, C, H, W], of which height and width are unknown when the model is loaded
 * @returns the outputs by the same names, with the same numbers
 */
export function unfolded<Name extends string>(
  outputs: Readonly<Record<Name, Value>>,
  name: string,
): Record<Name, Value> {
  const picture = inTopologicalOrder(Object.values<Value>(outputs)).find(
    ({ source }) => source.kind === "input" && source.name === name,
  );
  if (!picture) return { ...outputs };
  // 1, for every height.
  const height = gather(emit("Shape", [picture], { shape: [4], type: "int64" }), integers([2]));
  const one = emit("Min", [height, integers([1])], { shape: [1] });
  const fixed = new Set<Value>();
  const isFixed = (v: Value) => v.source.kind === "constant" || v.source.kind === "stored" || fixed.has(v);
  return rewrite(outputs, (v, inputs) => {
    if (v.source.kind !== "node") return undefined;
    const { op, attributes, inputs: before } = v.source.node;
    const given = before.filter((input) => input !== undefined);
    if (!given.every(isFixed)) return undefined;
    fixed.add(v);
    const [first, ...others] = inputs;
    const size = given.reduce((sum, input) => sum + bytesOf(input), 0);
    if (!first || first.shape.length === 0 || bytesOf(v) <= MUCH * size) return undefined;
    const later = emit("Reshape", [first, mul(integers(first.shape), one)], { shape: first.shape });
    return emit(op, [later, ...others], { shape: v.shape, type: v.type, attributes });
  });
}
