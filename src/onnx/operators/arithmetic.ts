import { emit } from "../emit.js";
import {
  asValue,
  broadcastShape,
  type DataType,
  type Operand,
  sameShape,
  sizeOf,
  TYPE_CODES,
  type Value,
} from "../value.js";
import { reduceSum, sumTo } from "./broadcast.js";

function binary(
  op: string,
  a: Operand,
  b: Operand,
  pull: (x: Value, y: Value) => (dy: Value) => readonly [() => Value, () => Value],
): Value {
  const [x, y] = [asValue(a), asValue(b)];
  sameType(op, x, y);
  const shape = broadcastShape(op, x.shape, y.shape);
  return emit(op, [x, y], {
    shape,
    pull: (dy) => {
      const [dx, dz] = pull(x, y)(dy);
      return [() => sumTo(dx(), x.shape), () => sumTo(dz(), y.shape)];
    },
  });
}

function sameType(op: string, x: Value, y: Value): void {
  if (x.type !== y.type) throw new Error(`${op}: types ${x.type} and ${y.type} differ`);
}

/**
 * Adds elementwise, a + b, with broadcasting. @throws {Error} when types differ or shapes do not broadcast
 */
export function add(a: Operand, b: Operand): Value {
  return binary("Add", a, b, () => (dy) => [() => dy, () => dy]);
}

/**
 * Subtracts elementwise, a - b, with broadcasting. @throws {Error} when types differ or shapes do not
 * broadcast
 */
export function sub(a: Operand, b: Operand): Value {
  return binary("Sub", a, b, () => (dy) => [() => dy, () => neg(dy)]);
}

/**
 * Multiplies elementwise, a b, with broadcasting. @throws {Error} when types differ or shapes do not
 * broadcast
 */
export function mul(a: Operand, b: Operand): Value {
  return binary("Mul", a, b, (x, y) => (dy) => [() => mul(dy, y), () => mul(dy, x)]);
}

/**
 * Divides elementwise, a / b, with broadcasting. @throws {Error} when types differ or shapes do not broadcast
 */
export function div(a: Operand, b: Operand): Value {
  return binary("Div", a, b, (x, y) => (dy) => [() => div(dy, y), () => neg(div(mul(dy, x), mul(y, y)))]);
}

/** Raises a to the power of b elementwise, with broadcasting; the gradient of the exponent needs a > 0. */
export function pow(a: Operand, b: Operand): Value {
  return binary("Pow", a, b, (x, y) => (dy) => [
    () => mul(dy, mul(y, pow(x, sub(y, 1)))),
    () => mul(dy, mul(pow(x, y), log(x))),
  ]);
}

/**
 * Takes the larger of a and b elementwise, with broadcasting; where they are equal the gradient goes to a.
 */
export function maximum(a: Operand, b: Operand): Value {
  return binary("Max", a, b, (x, y) => chosen(() => greaterOrEqual(x, y)));
}

/**
 * Takes the smaller of a and b elementwise, with broadcasting; where they are equal the gradient goes to a.
 */
export function minimum(a: Operand, b: Operand): Value {
  return binary("Min", a, b, (x, y) => chosen(() => greaterOrEqual(y, x)));
}

function chosen(first: () => Value): (dy: Value) => readonly [() => Value, () => Value] {
  return (dy) => [() => where(first(), dy, 0), () => where(first(), 0, dy)];
}

function unary(op: string, x: Value, slope: (dy: Value) => Value): Value {
  return emit(op, [x], { shape: x.shape, pull: (dy) => [() => slope(dy)] });
}

/** Changes the sign of every element. */
export function neg(x: Value): Value {
  return unary("Neg", x, neg);
}

/** Takes the magnitude of every element; the gradient at 0 is 0. */
export function abs(x: Value): Value {
  return unary("Abs", x, (dy) => mul(dy, sign(x)));
}

/** Gives 1 above 0, -1 below and 0 at 0; the gradient is zero. */
export function sign(x: Value): Value {
  return emit("Sign", [x], { shape: x.shape, pull: () => [undefined] });
}

/** Takes e to the power of every element. */
export function exp(x: Value): Value {
  return unary("Exp", x, (dy) => mul(dy, exp(x)));
}

/** Takes the natural logarithm of every element; numbers below 0 give NaN. */
export function log(x: Value): Value {
  return unary("Log", x, (dy) => div(dy, x));
}

/** Takes the square root of every element; numbers below 0 give NaN, and the gradient at 0 is infinite. */
export function sqrt(x: Value): Value {
  return unary("Sqrt", x, (dy) => div(mul(dy, 0.5), sqrt(x)));
}

/** Takes the sine of every element, in radians. */
export function sin(x: Value): Value {
  return unary("Sin", x, (dy) => mul(dy, cos(x)));
}

/** Takes the cosine of every element, in radians. */
export function cos(x: Value): Value {
  return unary("Cos", x, (dy) => neg(mul(dy, sin(x))));
}

/** Takes the error function of every element. */
export function erf(x: Value): Value {
  return unary("Erf", x, (dy) => mul(dy, mul(2 / Math.sqrt(Math.PI), exp(neg(mul(x, x))))));
}

/** Takes the hyperbolic tangent of every element. */
export function tanh(x: Value): Value {
  return unary("Tanh", x, (dy) => {
    const y = tanh(x);
    return mul(dy, sub(1, mul(y, y)));
  });
}

/** Takes 1 / (1 + e^-x) of every element. */
export function sigmoid(x: Value): Value {
  return unary("Sigmoid", x, (dy) => {
    const y = sigmoid(x);
    return mul(dy, mul(y, sub(1, y)));
  });
}

/** Takes the larger of every element and 0; the gradient at 0 is 0. */
export function relu(x: Value): Value {
  return unary("Relu", x, (dy) => where(greater(x, 0), dy, 0));
}

/** Multiplies elements below 0 by `slope`; the gradient at 0 is that of the positive side. */
export function leakyRelu(x: Value, slope: number): Value {
  return emit("LeakyRelu", [x], {
    shape: x.shape,
    attributes: { alpha: { float: slope } },
    pull: (dy) => [() => where(greaterOrEqual(x, 0), dy, mul(dy, slope))],
  });
}

/**
 * Multiplies elements of x [N, C, H, W] below 0 by their channel's slope [C, 1, 1]; the gradient at 0 is that
 * of the positive side.
 * @throws {Error} when the slopes have another shape
 */
export function prelu(x: Value, slope: Value): Value {
  if (x.shape.length !== 4 || !sameShape(slope.shape, [x.shape[1], 1, 1])) {
    throw new Error(`PRelu: input [${x.shape}], slopes [${slope.shape}]`);
  }
  return emit("PRelu", [x, slope], {
    shape: x.shape,
    pull: (dy) => [
      () => where(greaterOrEqual(x, 0), dy, mul(dy, slope)),
      () => sumTo(where(greaterOrEqual(x, 0), 0, mul(dy, x)), slope.shape),
    ],
  });
}

/** Limits every element to [low, high]; the gradient is zero outside. */
export function clip(x: Value, low: number, high: number): Value {
  return emit("Clip", [x, asValue(low), asValue(high)], {
    shape: x.shape,
    pull: (dy) => [
      () => where(and(greaterOrEqual(x, low), greaterOrEqual(high, x)), dy, 0),
      undefined,
      undefined,
    ],
  });
}

function comparison(op: string, a: Operand, b: Operand): Value {
  const [x, y] = [asValue(a), asValue(b)];
  sameType(op, x, y);
  return emit(op, [x, y], { shape: broadcastShape(op, x.shape, y.shape), type: "bool" });
}

/** Tells elementwise whether a > b, with broadcasting: a value of type bool, flat to every gradient. */
export function greater(a: Operand, b: Operand): Value {
  return comparison("Greater", a, b);
}

/** Tells elementwise whether a >= b, with broadcasting: a value of type bool, flat to every gradient. */
export function greaterOrEqual(a: Operand, b: Operand): Value {
  return comparison("GreaterOrEqual", a, b);
}

/** Tells elementwise whether a = b, with broadcasting: a value of type bool, flat to every gradient. */
export function equal(a: Operand, b: Operand): Value {
  return comparison("Equal", a, b);
}

/** Tells elementwise whether a and b, both of type bool, hold; with broadcasting. */
export function and(a: Value, b: Value): Value {
  return comparison("And", a, b);
}

/**
 * Takes a where the condition holds, else b; all three broadcast.
 * @throws {Error} when the condition is not of type bool, or a and b differ in type
 */
export function where(condition: Value, a: Operand, b: Operand): Value {
  const [x, y] = [asValue(a), asValue(b)];
  if (condition.type !== "bool") throw new Error(`Where: the condition must be bool, got ${condition.type}`);
  sameType("Where", x, y);
  const shape = broadcastShape("Where", condition.shape, broadcastShape("Where", x.shape, y.shape));
  return emit("Where", [condition, x, y], {
    shape,
    type: x.type,
    pull: (dy) => [
      undefined,
      () => sumTo(where(condition, dy, 0), x.shape),
      () => sumTo(where(condition, 0, dy), y.shape),
    ],
  });
}

/** Converts to another number type; gradients pass between float types only. */
export function cast(x: Value, type: DataType): Value {
  if (x.type === type) return x;
  const floats = type.startsWith("float") && x.type.startsWith("float");
  return emit("Cast", [x], {
    shape: x.shape,
    type,
    attributes: { to: TYPE_CODES[type] },
    pull: (dy) => [floats ? () => cast(dy, x.type) : undefined],
  });
}

/** Averages the squared difference of two values over every element: a scalar. */
export function meanSquaredError(a: Value, b: Value): Value {
  const difference = sub(a, b);
  return div(reduceSum(mul(difference, difference)), sizeOf(difference.shape));
}
