import { emit } from "../emit.js";
import { normalAxis, type Value } from "../value.js";
import { div, equal, where } from "./arithmetic.js";
import { expand, reduceSum, reduction } from "./broadcast.js";

/**
 * Averages over `axes` (all by default), which stay as sides of 1 with `keep`. @throws {Error} naming an axis
 * outside x
 */
export function reduceMean(x: Value, axes?: readonly number[], keep = false): Value {
  return reduction("ReduceMean", x, axes, keep, (dy, count) => expand(div(dy, count), x.shape));
}

/**
 * Takes the maximum over `axes` (all by default), which stay as sides of 1 with `keep`; elements that tie
 * share the gradient equally.
 * @throws {Error} naming an axis outside x
 */
export function reduceMax(x: Value, axes?: readonly number[], keep = false): Value {
  return reduction("ReduceMax", x, axes, keep, (dy) => {
    const wins = equal(x, expand(reduceMax(x, axes, true), x.shape));
    const ties = reduceSum(where(wins, 1, 0), axes, true);
    return where(wins, expand(div(dy, ties), x.shape), 0);
  });
}

/**
 * Finds the index of the smallest element along an axis, the first of equals: a value of type int64, flat to
 * every gradient.
 * @throws {Error} naming an axis outside x
 */
export function argMin(x: Value, axis: number): Value {
  const along = normalAxis("ArgMin", axis, x.shape.length);
  return emit("ArgMin", [x], {
    shape: x.shape.filter((_, i) => i !== along),
    type: "int64",
    attributes: { axis: along, keepdims: 0 },
  });
}
