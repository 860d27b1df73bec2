import { emit } from "../emit.js";
import { integers, normalAxis, type Value } from "../value.js";
import { div, equal, where } from "./arithmetic.js";
import { expand, reshape } from "./shape.js";

function reduction(
  op: string,
  x: Value,
  axes: readonly number[] | undefined,
  keep: boolean,
  slope: (dy: Value, kept: readonly number[], count: number) => Value,
): Value {
  const over = (axes ?? x.shape.map((_, i) => i)).map((axis) => normalAxis(op, axis, x.shape.length));
  const kept = x.shape.map((side, i) => (over.includes(i) ? 1 : side));
  const shape = keep ? kept : x.shape.filter((_, i) => !over.includes(i));
  const count = over.reduce((product, axis) => product * x.shape[axis], 1);
  return emit(op, [x, integers(over)], {
    shape,
    attributes: { keepdims: keep ? 1 : 0 },
    pull: (dy) => [() => slope(reshape(dy, kept), kept, count), undefined],
  });
}

/** The sum over `axes` (all by default). */
export function reduceSum(x: Value, axes?: readonly number[], keep = false): Value {
  return reduction("ReduceSum", x, axes, keep, (dy) => expand(dy, x.shape));
}

/** The mean over `axes` (all by default). */
export function reduceMean(x: Value, axes?: readonly number[], keep = false): Value {
  return reduction("ReduceMean", x, axes, keep, (dy, _, count) => expand(div(dy, count), x.shape));
}

/** The maximum over `axes` (all by default); elements that tie share the gradient equally. */
export function reduceMax(x: Value, axes?: readonly number[], keep = false): Value {
  return reduction("ReduceMax", x, axes, keep, (dy) => {
    const wins = equal(x, expand(reduceMax(x, axes, true), x.shape));
    const ties = reduceSum(where(wins, 1, 0), axes, true);
    return where(wins, expand(div(dy, ties), x.shape), 0);
  });
}

/** The index of the smallest element along an axis, the first of equals; int64, and flat to every gradient. */
export function argMin(x: Value, axis: number): Value {
  const along = normalAxis("ArgMin", axis, x.shape.length);
  return emit("ArgMin", [x], {
    shape: x.shape.filter((_, i) => i !== along),
    type: "int64",
    attributes: { axis: along, keepdims: 0 },
  });
}
