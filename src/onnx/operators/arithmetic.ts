import { emit } from "../emit.js";
import {
  asValue,
  broadcastShape,
  type DataType,
  type Operand,
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

/** a + b, with broadcasting. */
export function add(a: Operand, b: Operand): Value {
  return binary("Add", a, b, () => (dy) => [() => dy, () => dy]);
}

/** a - b, with broadcasting. */
export function sub(a: Operand, b: Operand): Value {
  return binary("Sub", a, b, () => (dy) => [() => dy, () => neg(dy)]);
}

/** a * b elementwise, with broadcasting. */
export function mul(a: Operand, b: Operand): Value {
  return binary("Mul", a, b, (x, y) => (dy) => [() => mul(dy, y), () => mul(dy, x)]);
}

/** a / b elementwise, with broadcasting. */
export function div(a: Operand, b: Operand): Value {
  return binary("Div", a, b, (x, y) => (dy) => [() => div(dy, y), () => neg(div(mul(dy, x), mul(y, y)))]);
}

/** a ** b elementwise; the gradient of the exponent needs a > 0. */
export function pow(a: Operand, b: Operand): Value {
  return binary("Pow", a, b, (x, y) => (dy) => [
    () => mul(dy, mul(y, pow(x, sub(y, 1)))),
    () => mul(dy, mul(pow(x, y), log(x))),
  ]);
}

/** The larger of a and b; where they are equal the gradient goes to a. */
export function maximum(a: Operand, b: Operand): Value {
  return binary("Max", a, b, (x, y) => chosen(() => greaterOrEqual(x, y)));
}

/** The smaller of a and b; where they are equal the gradient goes to a. */
export function minimum(a: Operand, b: Operand): Value {
  return binary("Min", a, b, (x, y) => chosen(() => greaterOrEqual(y, x)));
}

function chosen(first: () => Value): (dy: Value) => readonly [() => Value, () => Value] {
  return (dy) => [() => where(first(), dy, 0), () => where(first(), 0, dy)];
}

function unary(op: string, x: Value, slope: (dy: Value) => Value): Value {
  return emit(op, [x], { shape: x.shape, pull: (dy) => [() => slope(dy)] });
}

export function neg(x: Value): Value {
  return unary("Neg", x, neg);
}

export function abs(x: Value): Value {
  return unary("Abs", x, (dy) => mul(dy, emit("Sign", [x], { shape: x.shape })));
}

export function exp(x: Value): Value {
  return unary("Exp", x, (dy) => mul(dy, exp(x)));
}

export function log(x: Value): Value {
  return unary("Log", x, (dy) => div(dy, x));
}

export function sqrt(x: Value): Value {
  return unary("Sqrt", x, (dy) => div(mul(dy, 0.5), sqrt(x)));
}

export function sin(x: Value): Value {
  return unary("Sin", x, (dy) => mul(dy, cos(x)));
}

export function cos(x: Value): Value {
  return unary("Cos", x, (dy) => neg(mul(dy, sin(x))));
}

export function erf(x: Value): Value {
  return unary("Erf", x, (dy) => mul(dy, mul(2 / Math.sqrt(Math.PI), exp(neg(mul(x, x))))));
}

export function tanh(x: Value): Value {
  return unary("Tanh", x, (dy) => {
    const y = tanh(x);
    return mul(dy, sub(1, mul(y, y)));
  });
}

export function sigmoid(x: Value): Value {
  return unary("Sigmoid", x, (dy) => {
    const y = sigmoid(x);
    return mul(dy, mul(y, sub(1, y)));
  });
}

/** The larger of x and 0; the gradient at 0 is 0. */
export function relu(x: Value): Value {
  return unary("Relu", x, (dy) => where(greater(x, 0), dy, 0));
}

/** x limited to [low, high]; the gradient is zero outside. */
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

export function greater(a: Operand, b: Operand): Value {
  return comparison("Greater", a, b);
}

export function greaterOrEqual(a: Operand, b: Operand): Value {
  return comparison("GreaterOrEqual", a, b);
}

export function equal(a: Operand, b: Operand): Value {
  return comparison("Equal", a, b);
}

export function and(a: Value, b: Value): Value {
  return comparison("And", a, b);
}

/** a where the condition holds, else b; all three broadcast. */
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

/** Another number type; gradients pass between float types only. */
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

/** Mean of the squared difference over every element: a scalar. */
export function meanSquaredError(a: Value, b: Value): Value {
  const difference = sub(a, b);
  return div(reduceSum(mul(difference, difference)), sizeOf(difference.shape));
}
