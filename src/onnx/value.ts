/**
 * The graph is made of values and nothing else. A value knows its shape, its type and where it came from: a
 * graph input, a constant, or an output of a node that holds its own input values. So a network is an
 * ordinary function from values to values, there is no builder to pass around, and whatever the outputs do
 * not reach is simply never written.
 *
 * Differentiation needs one thing more: how a cotangent of the outputs becomes cotangents of the inputs. Each
 * differentiable value carries that as a `Derivative`, whose thunks emit nodes only for gradients somebody
 * asks for. `stopGradient` is the same value without it.
 */
export type DataType = "float32" | "float16" | "int64" | "int32" | "uint8" | "bool";

/** The number of each type in onnx.proto3 (TensorProto.DataType). */
export const TYPE_CODES: Readonly<Record<DataType, number>> = {
  ...{ float32: 1, uint8: 2, int32: 6, int64: 7, bool: 9, float16: 10 },
};

/** How many bytes one number of each type takes, in memory and in files. */
export const TYPE_BYTES: Readonly<Record<DataType, number>> = {
  ...{ float32: 4, uint8: 1, int32: 4, int64: 8, bool: 1, float16: 2 },
};

/** The sides of a tensor, outermost first; a scalar has none. */
export type Shape = readonly number[];

/** The value of a node's attribute: an integer, a text, integers, or a float, which has to be said. */
export type Attribute = number | string | readonly number[] | { readonly float: number };

/**
 * One operator at work: its inputs, where undefined is an optional one that is left out, and its attributes.
 */
export interface Node {
  readonly op: string;
  readonly inputs: readonly (Value | undefined)[];
  readonly attributes: Readonly<Record<string, Attribute>>;
  /** How many outputs the node declares, whether or not each is used. */
  readonly outputs: number;
}

/** Where a value comes from. */
type Source =
  | { readonly kind: "input"; readonly name: string }
  | { readonly kind: "constant"; readonly data: ConstantData; readonly name?: string }
  | { readonly kind: "stored"; readonly name: string; readonly place: Place }
  | { readonly kind: "node"; readonly node: Node; readonly output: number };

/** A place of numbers in a file: little-endian and row-major, from a byte on. */
export interface Place {
  /** The file's name without its folder, which the session knows. */
  readonly file: string;
  readonly offset: number;
}

/** The array of a constant; its type is the constant's: float32, int64, int32 or uint8. */
export type ConstantData = Float32Array | BigInt64Array | Int32Array | Uint8Array;

/**
 * The cotangents of a derivative's inputs, a thunk each; undefined where the function is flat (an index, a
 * mask, a shape).
 */
export type Cotangents = readonly ((() => Value) | undefined)[];

/** How a function of values is differentiated. */
export interface Derivative {
  readonly inputs: readonly Value[];
  /** Every value that the function returned, in order. */
  readonly outputs: readonly Value[];
  /**
   * Turns the cotangent of each output (undefined where it does not reach the loss) into those of the inputs.
   */
  readonly pull: (cotangents: readonly (Value | undefined)[]) => Cotangents;
}

/** A tensor of a graph that is not computed yet. */
export interface Value {
  readonly shape: Shape;
  readonly type: DataType;
  readonly source: Source;
  readonly derivative?: Derivative;
  /** A number that grows with creation, so inputs always stand before what is computed from them. */
  readonly order: number;
}

/** What an operator takes: a value, or a plain number, which becomes a float32 constant. */
export type Operand = Value | number;

let created = 0;

/** Makes a value, the last in the order of creation so far. */
export function makeValue(shape: Shape, type: DataType, source: Source, derivative?: Derivative): Value {
  return { shape, type, source, derivative, order: created++ };
}

/** Makes an input of the graph, of a fixed shape. */
export function input(name: string, shape: Shape, type: DataType = "float32"): Value {
  return makeValue(shape, type, { kind: "input", name });
}

/**
 * Makes a constant tensor; its type follows the array's, and plain numbers are float32.
 * @param shape default: a vector, or a scalar for a plain number
 * @param name kept in the file where given: weights keep their public names
 * @throws {Error} when `data` does not hold as many numbers as `shape` says
 */
export function constant(
  data: ConstantData | readonly number[] | number,
  shape?: Shape,
  name?: string,
): Value {
  const array =
    typeof data === "number" ? Float32Array.of(data) : Array.isArray(data) ? Float32Array.from(data) : data;
  const held = array as ConstantData;
  const dims = shape ?? (typeof data === "number" ? [] : [held.length]);
  if (sizeOf(dims) !== held.length) {
    throw new Error(`constant: shape [${dims}] needs ${sizeOf(dims)} numbers, got ${held.length}`);
  }
  return makeValue(dims, typeOfArray(held), { kind: "constant", data: held, name });
}

/**
 * Makes a constant whose numbers stay in a file, from which ONNX Runtime reads them itself: they never pass
 * through JavaScript, and the model's own bytes stay small.
 */
export function stored(
  place: Place,
  shape: Shape,
  name: string,
  type: "float32" | "float16" = "float32",
): Value {
  return makeValue(shape, type, { kind: "stored", name, place });
}

/** Makes a constant of 64-bit integers: shapes, axes, indices. */
export function integers(values: readonly number[], shape: Shape = [values.length]): Value {
  return constant(
    BigInt64Array.from(values, (v) => BigInt(v)),
    shape,
  );
}

/** Makes a constant of a plain number, and leaves a value as it is. */
export function asValue(x: Operand): Value {
  return typeof x === "number" ? constant(x) : x;
}

/** Gives the same value with nothing behind it to differentiate. */
export function stopGradient(x: Value): Value {
  return makeValue(x.shape, x.type, x.source);
}

/** Counts the elements of a shape; a scalar has one. */
export function sizeOf(shape: Shape): number {
  return shape.reduce((product, side) => product * side, 1);
}

/** Tells whether a value is a constant of ones alone, of which it may have tens of millions. */
export function isOnes({ source }: Value): boolean {
  if (source.kind !== "constant") return false;
  const { data } = source;
  for (let i = 0; i < data.length; i++) if (data[i] !== 1) return false;
  return true;
}

/** Counts the bytes of a value's numbers. */
export function bytesOf({ shape, type }: Value): number {
  return sizeOf(shape) * TYPE_BYTES[type];
}

/** Tells whether two shapes have the same sides. */
export function sameShape(a: Shape, b: Shape): boolean {
  return a.length === b.length && a.every((side, i) => side === b[i]);
}

/**
 * Counts an axis from the front: -1 is the last. @throws {Error} naming the operator, when the axis is
 * outside the rank
 */
export function normalAxis(op: string, axis: number, rank: number): number {
  const normal = axis < 0 ? axis + rank : axis;
  if (!Number.isInteger(normal) || normal < 0 || normal >= rank) {
    throw new Error(`${op}: axis ${axis} is outside a tensor of rank ${rank}`);
  }
  return normal;
}

/**
 * Finds the shape of `a op b` under NumPy's broadcasting. @throws {Error} naming the operator and both shapes
 */
export function broadcastShape(op: string, a: Shape, b: Shape): number[] {
  const rank = Math.max(a.length, b.length);
  const out: number[] = [];
  for (let i = 0; i < rank; i++) {
    const x = a[a.length - rank + i] ?? 1;
    const y = b[b.length - rank + i] ?? 1;
    if (x !== y && x !== 1 && y !== 1) {
      throw new Error(`${op}: shapes [${a}] and [${b}] do not broadcast`);
    }
    out.push(x === 1 ? y : x);
  }
  return out;
}

function typeOfArray(data: ConstantData): DataType {
  if (data instanceof Float32Array) return "float32";
  if (data instanceof BigInt64Array) return "int64";
  if (data instanceof Int32Array) return "int32";
  return "uint8";
}
