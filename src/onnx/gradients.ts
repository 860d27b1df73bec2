/**
 * Reverse mode, graph to graph. Values are created after what they are computed from, so visiting derivatives
 * in falling order of creation meets every consumer of a value before the value itself; its cotangent is
 * complete by then. Only derivatives on a path to an asked-for value are pulled, and only their asked-for
 * inputs.
 */
import { add } from "./operators/arithmetic.js";
import { constant, type Derivative, sizeOf, type Value } from "./value.js";

/**
 * Differentiates a scalar loss with respect to `targets`, as values of the same graph in the order of the
 * targets. A target that the loss does not depend on gets zeros.
 * @throws {Error} when the loss is not a scalar
 */
export function gradients(loss: Value, targets: readonly Value[]): Value[] {
  if (sizeOf(loss.shape) !== 1) throw new Error(`gradients: the loss must be a scalar, got [${loss.shape}]`);
  const order = derivativesBehind(loss);
  const useful = new Set<Value>(targets);
  for (const derivative of order) {
    if (derivative.inputs.some((v) => useful.has(v))) derivative.outputs.forEach((v) => useful.add(v));
  }

  const cotangents = new Map<Value, Value>();
  cotangents.set(loss, constant(Float32Array.of(1), loss.shape));
  for (const derivative of order.reverse()) {
    const dys = derivative.outputs.map((v) => cotangents.get(v));
    if (dys.every((dy) => dy === undefined)) continue;
    if (!derivative.inputs.some((v) => useful.has(v))) continue;
    const pulled = derivative.pull(dys);
    derivative.inputs.forEach((v, i) => {
      const thunk = pulled[i];
      if (!thunk || !useful.has(v)) return;
      const before = cotangents.get(v);
      const dx = thunk();
      cotangents.set(v, before ? add(before, dx) : dx);
    });
  }
  return targets.map((v) => cotangents.get(v) ?? constant(new Float32Array(sizeOf(v.shape)), v.shape));
}

/** Returns every derivative the loss rests on, in rising order of creation. */
function derivativesBehind(loss: Value): Derivative[] {
  const found = new Set<Derivative>();
  const waiting: Value[] = [loss];
  while (waiting.length > 0) {
    const { derivative } = waiting.pop()!;
    if (!derivative || found.has(derivative)) continue;
    found.add(derivative);
    waiting.push(...derivative.inputs);
  }
  const age = (d: Derivative) => d.outputs[0].order;
  return [...found].sort((a, b) => age(a) - age(b));
}
