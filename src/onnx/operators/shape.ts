import { emit, emitAll, withDerivative } from "../emit.js";
import { constant, integers, normalAxis, type Shape, sameShape, sizeOf, type Value } from "../value.js";
import { reshape } from "./broadcast.js";

/**
 * Reorders axes: axis i of the output is axis `order[i]` of the input. @throws {Error} when `order` is no
 * order of the axes
 */
export function transpose(x: Value, order: readonly number[]): Value {
  const sorted = [...order].sort((a, b) => a - b);
  if (order.length !== x.shape.length || !sorted.every((axis, i) => axis === i)) {
    throw new Error(`Transpose: [${order}] is no order of the axes of [${x.shape}]`);
  }
  if (order.every((axis, i) => axis === i)) return x;
  return emit("Transpose", [x], {
    shape: order.map((axis) => x.shape[axis]),
    attributes: { perm: order },
    pull: (dy) => [
      () =>
        transpose(
          dy,
          order.map((_, i) => order.indexOf(i)),
        ),
    ],
  });
}

/** Joins tensors along an axis. @throws {Error} when they differ beside it */
export function concat(values: readonly Value[], axis: number): Value {
  const rank = values[0].shape.length;
  const along = normalAxis("Concat", axis, rank);
  for (const v of values) {
    if (v.shape.length !== rank || v.shape.some((side, i) => i !== along && side !== values[0].shape[i])) {
      throw new Error(`Concat: [${values[0].shape}] and [${v.shape}] differ beside axis ${along}`);
    }
  }
  if (values.length === 1) return values[0];
  const sizes = values.map((v) => v.shape[along]);
  const total = sizes.reduce((a, b) => a + b, 0);
  return emit("Concat", values, {
    shape: values[0].shape.map((side, i) => (i === along ? total : side)),
    attributes: { axis: along },
    pull: (dy) => {
      let parts: Value[] | undefined;
      return values.map((_, i) => () => (parts ??= split(dy, sizes, along))[i]);
    },
  });
}

/**
 * Cuts a tensor along an axis into parts of the given sizes, or into so many equal ones.
 * @throws {Error} when the sizes do not add up to the side
 */
export function split(x: Value, parts: number | readonly number[], axis: number): Value[] {
  const along = normalAxis("Split", axis, x.shape.length);
  const side = x.shape[along];
  const sizes = typeof parts === "number" ? new Array<number>(parts).fill(side / parts) : parts;
  if (!sizes.every(Number.isInteger) || sizes.reduce((a, b) => a + b, 0) !== side) {
    throw new Error(`Split: sizes [${sizes}] do not add up to side ${side} of [${x.shape}]`);
  }
  if (sizes.length === 1) return [x];
  const shapes = sizes.map((size) => x.shape.map((s, i) => (i === along ? size : s)));
  const outputs = emitAll("Split", [x, integers(sizes)], shapes, { axis: along });
  return withDerivative(outputs, [x], (dys) => [
    () =>
      concat(
        dys.map((dy, i) => dy ?? constant(new Float32Array(sizeOf(shapes[i])), shapes[i])),
        along,
      ),
  ]);
}

/**
 * Takes the elements `starts[i] <= index < ends[i]` by `steps[i]` (default 1, positive) along each of `axes`.
 * @throws {Error} naming a range that is empty or leaves the tensor
 */
export function slice(
  x: Value,
  axes: readonly number[],
  starts: readonly number[],
  ends: readonly number[],
  steps: readonly number[] = axes.map(() => 1),
): Value {
  const shape = [...x.shape];
  axes.forEach((axis, i) => {
    const along = normalAxis("Slice", axis, x.shape.length);
    if (starts[i] < 0 || ends[i] > x.shape[along] || starts[i] >= ends[i] || steps[i] < 1) {
      throw new Error(
        `Slice: ${starts[i]}..${ends[i]} by ${steps[i]} on axis ${along} is outside [${x.shape}]`,
      );
    }
    shape[along] = Math.ceil((ends[i] - starts[i]) / steps[i]);
  });
  if (sameShape(shape, x.shape)) return x;
  return emit("Slice", [x, integers(starts), integers(ends), integers(axes), integers(steps)], {
    shape,
    pull: (dy) => [
      () => unslice(dy, x.shape, axes, starts, steps),
      undefined,
      undefined,
      undefined,
      undefined,
    ],
  });
}

/** Computes the cotangent of a slice: zeros put back around what was taken, and between where it skipped. */
export function unslice(
  dy: Value,
  shape: Shape,
  axes: readonly number[],
  starts: readonly number[],
  steps: readonly number[],
): Value {
  let out = dy;
  axes.forEach((axis, i) => {
    const along = normalAxis("Slice", axis, shape.length);
    const [start, step] = [starts[i], steps[i]];
    if (step > 1) {
      // Each element becomes the first of a group of `step`; what the last group has too many is cut below.
      const groups = [...out.shape.slice(0, along + 1), 1, ...out.shape.slice(along + 1)];
      const before = groups.map(() => 0);
      const after = groups.map((_, j) => (j === along + 1 ? step - 1 : 0));
      const spread = out.shape.map((side, j) => (j === along ? side * step : side));
      out = reshape(pad(reshape(out, groups), before, after), spread);
    }
    const before = out.shape.map((_, j) => (j === along ? start : 0));
    const after = out.shape.map((side, j) => (j === along ? shape[along] - start - side : 0));
    out = pad(out, before, after);
  });
  return out;
}

/**
 * Pads each axis with zeros (`constant`), mirrored elements (`reflect`, the border itself not repeated) or
 * the border repeated (`edge`). Negative amounts cut; they go with `constant` only.
 * @throws {Error} when the amounts do not fit the shape or the mode
 */
export function pad(
  x: Value,
  before: readonly number[],
  after: readonly number[],
  mode: "constant" | "reflect" | "edge" = "constant",
): Value {
  const shape = x.shape.map((side, i) => side + before[i] + after[i]);
  const amounts = [...before, ...after];
  if (amounts.length !== 2 * x.shape.length || shape.some((side) => side < 1)) {
    throw new Error(`Pad: [${before}] before and [${after}] after do not fit [${x.shape}]`);
  }
  if (mode !== "constant" && amounts.some((a) => a < 0)) throw new Error(`Pad: ${mode} cannot cut`);
  if (mode === "reflect" && amounts.some((a, i) => a >= x.shape[i % x.shape.length] && a > 0)) {
    throw new Error(`Pad: reflection by [${amounts}] is wider than [${x.shape}] allows`);
  }
  if (amounts.every((a) => a === 0)) return x;
  return emit("Pad", [x, integers(amounts)], {
    shape,
    attributes: { mode },
    pull: (dy) => [() => unpad(dy, x.shape, before, after, mode), undefined],
  });
}

function unpad(
  dy: Value,
  shape: Shape,
  before: readonly number[],
  after: readonly number[],
  mode: string,
): Value {
  if (mode === "constant")
    return pad(
      dy,
      before.map((b) => -b),
      after.map((a) => -a),
    );
  // What was copied from somewhere is summed there: along each axis a matrix of zeros and ones says from
  // where.
  let out = dy;
  shape.forEach((side, axis) => {
    const long = out.shape[axis];
    if (long === side) return;
    const matrix = new Float32Array(long * side);
    for (let i = 0; i < long; i++) {
      let from = i - before[axis];
      if (mode === "edge") from = Math.min(side - 1, Math.max(0, from));
      else if (from < 0) from = -from;
      else if (from >= side) from = 2 * (side - 1) - from;
      matrix[i * side + from] = 1;
    }
    out = contractAxis(out, axis, constant(matrix, [long, side]));
  });
  return out;
}

/** Multiplies one axis by a matrix [in, out]. */
function contractAxis(x: Value, axis: number, matrix: Value): Value {
  const order = x.shape.map((_, i) => i);
  const moved = [...order.filter((i) => i !== axis), axis];
  const flat = transpose(x, moved);
  const y = emit("MatMul", [flat, matrix], { shape: [...flat.shape.slice(0, -1), matrix.shape[1]] });
  return transpose(
    y,
    order.map((i) => moved.indexOf(i)),
  );
}

/**
 * Picks `indices` (int64, any shape) along an axis; the gradient of a repeated index is summed.
 * @throws {Error} when the indices are not of type int64
 */
export function gather(x: Value, indices: Value, axis = 0): Value {
  const along = normalAxis("Gather", axis, x.shape.length);
  if (indices.type !== "int64") throw new Error(`Gather: indices must be int64, got ${indices.type}`);
  return emit("Gather", [x, indices], {
    shape: [...x.shape.slice(0, along), ...indices.shape, ...x.shape.slice(along + 1)],
    attributes: { axis: along },
    pull: (dy) => [() => scatter(dy, indices, x.shape, along), undefined],
  });
}

function scatter(dy: Value, indices: Value, shape: Shape, axis: number): Value {
  const count = sizeOf(indices.shape);
  const rest = shape.filter((_, i) => i !== axis);
  const flat = reshape(dy, [...shape.slice(0, axis), count, ...shape.slice(axis + 1)]);
  const order = [axis, ...shape.map((_, i) => i).filter((i) => i !== axis)];
  const zeros = constant(new Float32Array(sizeOf(shape)), [shape[axis], ...rest]);
  const sum = emit("ScatterND", [zeros, reshape(indices, [count, 1]), transpose(flat, order)], {
    shape: zeros.shape,
    attributes: { reduction: "add" },
  });
  return transpose(
    sum,
    shape.map((_, i) => order.indexOf(i)),
  );
}
