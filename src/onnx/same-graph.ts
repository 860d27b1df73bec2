/** Whether two graphs compute the same, told by their structure. */
import { inTopologicalOrder } from "./order.js";
import type { ConstantData, Value } from "./value.js";

/** Operators whose two inputs may change places. */
const COMMUTATIVE = new Set(["Add", "Mul"]);

/** Larger constants are the same only if they are one array. */
const LARGEST_COMPARED = 2 ** 16;

/**
 * Tells whether two graphs have outputs of the same names, computed by the same operators from the same
 * inputs and constants, whatever the sizes of what they work on. The order of a sum's terms and of a
 * product's factors does not count; inputs and weights are the same by their names.
 */
export function sameGraph(a: Readonly<Record<string, Value>>, b: Readonly<Record<string, Value>>): boolean {
  const numbers = new Map<unknown, number>();
  const numberOf = (key: unknown) => {
    if (!numbers.has(key)) numbers.set(key, numbers.size);
    return numbers.get(key)!;
  };
  const [keys, others] = [a, b].map((outputs) => outputKeys(outputs, numberOf));
  return keys.size === others.size && [...keys].every(([name, key]) => others.get(name) === key);
}

/** Returns a number for each output; equal numbers stand for equal graphs. */
function outputKeys(
  outputs: Readonly<Record<string, Value>>,
  numberOf: (key: unknown) => number,
): Map<string, number> {
  const known = new Map<Value, number>();
  for (const v of inTopologicalOrder(Object.values(outputs)))
    known.set(v, numberOf(keyOf(v, known, numberOf)));
  return new Map(Object.entries(outputs).map(([name, v]) => [name, known.get(v)!]));
}

function keyOf(v: Value, known: ReadonlyMap<Value, number>, numberOf: (key: unknown) => number): string {
  const { source, type, shape } = v;
  switch (source.kind) {
    case "input":
      return `input ${source.name}`;
    case "stored":
      return `weight ${source.name}`;
    case "constant":
      if (source.name !== undefined) return `weight ${source.name}`;
      return `${type}[${shape}] ${contents(source.data, numberOf)}`;
    case "node": {
      const { op, inputs, attributes } = source.node;
      const from = inputs.map((i) => (i ? known.get(i)! : -1));
      if (COMMUTATIVE.has(op)) from.sort((x, y) => x - y);
      return `${op}(${from})${JSON.stringify(attributes)}.${source.output}`;
    }
  }
}

function contents(data: ConstantData, numberOf: (key: unknown) => number): string {
  return data.length <= LARGEST_COMPARED ? data.join() : `#${numberOf(data)}`;
}
