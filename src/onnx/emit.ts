import {
  type Attribute,
  type Cotangents,
  type DataType,
  type Derivative,
  makeValue,
  type Node,
  type Shape,
  type Value,
} from "./value.js";

interface Emission {
  readonly shape: Shape;
  readonly type?: DataType;
  readonly attributes?: Readonly<Record<string, Attribute>>;
  /**
   * Turns the cotangent of the output into those of the inputs, in the order of the inputs that are there.
   */
  readonly pull?: (dy: Value) => Cotangents;
}

/**
 * Makes one node with one output of the given shape, and of the first input's type where none is given. An
 * operator checks its shapes first and then calls this.
 */
export function emit(op: string, inputs: readonly (Value | undefined)[], emission: Emission): Value {
  const { shape, type, attributes = {}, pull } = emission;
  const node: Node = { op, inputs, attributes, outputs: 1 };
  const source = { kind: "node", node, output: 0 } as const;
  const out = type ?? inputs[0]!.type;
  return pull
    ? derived(
        inputs.filter((v) => v !== undefined),
        (derivative) => [makeValue(shape, out, source, derivative)],
        ([dy]) => pull(dy!),
      )[0]
    : makeValue(shape, out, source);
}

/**
 * Makes one node with several outputs, of the first input's type. They have no derivative; `withDerivative`
 * gives them one.
 */
export function emitAll(
  op: string,
  inputs: readonly (Value | undefined)[],
  shapes: readonly Shape[],
  attributes: Readonly<Record<string, Attribute>> = {},
): Value[] {
  const node: Node = { op, inputs, attributes, outputs: shapes.length };
  return shapes.map((shape, output) => makeValue(shape, inputs[0]!.type, { kind: "node", node, output }));
}

/**
 * Gives values that some nodes computed a derivative of their own with respect to `inputs`, in place of
 * whatever the nodes in between would give. A fused or composed operator with a cheaper gradient is written
 * this way.
 */
export function withDerivative(
  values: readonly Value[],
  inputs: readonly Value[],
  pull: Derivative["pull"],
): Value[] {
  return derived(
    inputs,
    (derivative) => values.map((v) => makeValue(v.shape, v.type, v.source, derivative)),
    pull,
  );
}

function derived(
  inputs: readonly Value[],
  make: (derivative: Derivative) => Value[],
  pull: Derivative["pull"],
): Value[] {
  const outputs: Value[] = [];
  outputs.push(...make({ inputs, outputs, pull }));
  return outputs;
}
