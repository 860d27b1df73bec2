import { emit, emitAll, withDerivative } from "../emit.js";
import { constant, normalAxis, sizeOf, type Value } from "../value.js";
import { add, erf, exp, mul, sigmoid, sub } from "./arithmetic.js";
import { image } from "./image.js";
import { reduceMean, reduceSum } from "./reduce.js";
import { reshape } from "./shape.js";

/** x sigmoid(x). */
export function silu(x: Value): Value {
  const y = mul(x, sigmoid(x));
  return withDerivative([y], [x], ([dy]) => [
    () => {
      const s = sigmoid(x);
      return mul(dy!, add(s, mul(y, sub(1, s))));
    },
  ])[0];
}

/** x Phi(x) with Phi the normal distribution function (the exact form, not the tanh one). */
export function gelu(x: Value): Value {
  return emit("Gelu", [x], {
    shape: x.shape,
    pull: (dy) => [
      () => {
        const phi = mul(exp(mul(mul(x, x), -0.5)), 1 / Math.sqrt(2 * Math.PI));
        const below = mul(add(erf(mul(x, Math.SQRT1_2)), 1), 0.5);
        return mul(dy, add(below, mul(x, phi)));
      },
    ],
  });
}

/** exp(x) / sum exp(x) along an axis. */
export function softmax(x: Value, axis = -1): Value {
  const along = normalAxis("Softmax", axis, x.shape.length);
  const y: Value = emit("Softmax", [x], {
    shape: x.shape,
    attributes: { axis: along },
    pull: (dy) => [
      () => {
        const weighted = mul(dy, y);
        return sub(weighted, mul(y, reduceSum(weighted, [along], true)));
      },
    ],
  });
  return y;
}

/** (x - mean) / sqrt(variance + epsilon) over the last axis, biased variance. */
export function normalize(x: Value, epsilon = 1e-5): Value {
  const last = x.shape.length - 1;
  const ones = constant(new Float32Array(x.shape[last]).fill(1));
  const each = [...x.shape.slice(0, last), 1];
  const [y, , inverse] = emitAll("LayerNormalization", [x, ones], [x.shape, each, each], {
    axis: -1,
    epsilon: { float: epsilon },
  });
  // dx = (dy - mean(dy) - y mean(dy y)) / sigma
  return withDerivative([y], [x], ([dy]) => [
    () => {
      const along = mul(y, reduceMean(mul(dy!, y), [last], true));
      return mul(sub(sub(dy!, reduceMean(dy!, [last], true)), along), inverse);
    },
  ])[0];
}

/** Layer normalisation over the last axis with weight and bias [C]. */
export function layerNorm(x: Value, weight: Value, bias: Value, epsilon = 1e-5): Value {
  return add(mul(normalize(x, epsilon), weight), bias);
}

/** Group normalisation of [N, C, H, W] with weight and bias [C]; C must divide by `groups`. */
export function groupNorm(x: Value, groups: number, weight: Value, bias: Value, epsilon = 1e-5): Value {
  const [n, c] = image("GroupNorm", x);
  if (c % groups !== 0)
    throw new Error(`GroupNorm: ${c} channels of [${x.shape}] do not divide by ${groups} groups`);
  const grouped = reshape(x, [n * groups, sizeOf(x.shape) / (n * groups)]);
  const normal = reshape(normalize(grouped, epsilon), x.shape);
  return add(mul(normal, reshape(weight, [1, c, 1, 1])), reshape(bias, [1, c, 1, 1]));
}
