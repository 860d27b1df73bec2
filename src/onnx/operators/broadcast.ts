/**
 * What broadcasting takes, in one file because each is in the gradient of the next: a sum's gradient is
 * repeated along the axes that it summed, what was repeated is summed back, and both reshape.
 */
import { emit } from "../emit.js";
import { broadcastShape, integers, normalAxis, type Shape, sameShape, sizeOf, type Value } from "../value.js";

/**
 * Gives the same elements another shape, of which one side may be -1 and is worked out.
 * @throws {Error} when the elements do not fit
 */
export function reshape(x: Value, shape: Shape): Value {
  const known = shape.filter((side) => side !== -1);
  const rest = sizeOf(x.shape) / sizeOf(known);
  const target = shape.map((side) => (side === -1 ? rest : side));
  if (
    shape.length - known.length > 1 ||
    sizeOf(target) !== sizeOf(x.shape) ||
    !target.every(Number.isInteger)
  ) {
    throw new Error(`Reshape: [${x.shape}] does not fit into [${shape}]`);
  }
  if (sameShape(x.shape, target)) return x;
  return emit("Reshape", [x, integers(target)], {
    shape: target,
    pull: (dy) => [() => reshape(dy, x.shape), undefined],
  });
}

/**
 * Repeats sides of one up to `shape`, as broadcasting would. @throws {Error} when x does not broadcast to it
 */
export function expand(x: Value, shape: Shape): Value {
  if (sameShape(x.shape, shape)) return x;
  if (!sameShape(broadcastShape("Expand", x.shape, shape), shape)) {
    throw new Error(`Expand: [${x.shape}] does not broadcast to [${shape}]`);
  }
  return emit("Expand", [x, integers(shape)], { shape, pull: (dy) => [() => sumTo(dy, x.shape), undefined] });
}

/**
 * Makes the node of a reduction over `axes` (all by default), which stay as sides of 1 with `keep`.
 * @param slope the cotangent of x, from that of the output with the reduced axes kept, and how many numbers
 *   became one
 * @throws {Error} naming an axis outside x
 */
export function reduction(
  op: string,
  x: Value,
  axes: readonly number[] | undefined,
  keep: boolean,
  slope: (dy: Value, count: number) => Value,
): Value {
  const over = (axes ?? x.shape.map((_, i) => i)).map((axis) => normalAxis(op, axis, x.shape.length));
  const kept = x.shape.map((side, i) => (over.includes(i) ? 1 : side));
  const shape = keep ? kept : x.shape.filter((_, i) => !over.includes(i));
  const count = over.reduce((product, axis) => product * x.shape[axis], 1);
  return emit(op, [x, integers(over)], {
    shape,
    attributes: { keepdims: keep ? 1 : 0 },
    pull: (dy) => [() => slope(reshape(dy, kept), count), undefined],
  });
}

/**
 * Sums over `axes` (all by default), which stay as sides of 1 with `keep`. @throws {Error} naming an axis
 * outside x
 */
export function reduceSum(x: Value, axes?: readonly number[], keep = false): Value {
  return reduction("ReduceSum", x, axes, keep, (dy) => expand(dy, x.shape));
}

/** Sums a cotangent over the axes that broadcasting repeated, back to `shape`. */
export function sumTo(dy: Value, shape: Shape): Value {
  if (sameShape(dy.shape, shape)) return dy;
  const lead = dy.shape.length - shape.length;
  const axes = dy.shape
    .map((_, i) => i)
    .filter((i) => i < lead || (shape[i - lead] === 1 && dy.shape[i] !== 1));
  return reshape(axes.length > 0 ? reduceSum(dy, axes) : dy, shape);
}
