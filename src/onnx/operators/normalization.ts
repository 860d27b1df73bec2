import { emit, emitAll, withDerivative } from "../emit.js";
import { constant, normalAxis, sameShape, sizeOf, stopGradient, type Value } from "../value.js";
import { add, div, erf, exp, minimum, mul, sigmoid, sub } from "./arithmetic.js";
import { expand, reduceSum, reshape, sumTo } from "./broadcast.js";
import { image } from "./image.js";
import { reduceMean } from "./reduce.js";

/** Computes the activation SiLU, x sigmoid(x), elementwise. */
export function silu(x: Value): Value {
  const y = mul(x, sigmoid(x));
  return withDerivative([y], [x], ([dy]) => [
    () => {
      const s = sigmoid(x);
      return mul(dy!, add(s, mul(y, sub(1, s))));
    },
  ])[0];
}

/**
 * Computes the activation GELU, x Phi(x) elementwise, Phi being the normal distribution function: the exact
 * form, not the one with tanh.
 */
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

/**
 * The place from which on e^x dwarfs what is added to it in single precision, and further on it would
 * overflow.
 */
const MISH_IS_LINEAR = 20;

/**
 * Computes the activation Mish, x tanh(ln(1 + e^x)) elementwise, as the fraction u (u + 2) / (u (u + 2) + 2)
 * of x, u = e^x.
 */
export function mish(x: Value): Value {
  const u = exp(minimum(x, MISH_IS_LINEAR));
  const rising = mul(u, add(u, 2));
  return mul(x, div(rising, add(rising, 2)));
}

/** Takes exp(x) / sum exp(x) along an axis, the last by default. */
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

/** Takes (x - mean) / sqrt(variance + epsilon) over the last axis; the variance is the biased one. */
export function normalize(x: Value, epsilon = 1e-5): Value {
  const ones = constant(new Float32Array(x.shape[x.shape.length - 1]).fill(1));
  const { y, inverse } = layerNormalization([x, ones], epsilon);
  return withDerivative([y], [x], ([dy]) => [() => throughNormal(dy!, y, inverse)])[0];
}

/**
 * Normalises layers over the last axis with weight and bias [C]. It is one node, and its gradient is that of
 * {@link normalize}.
 */
export function layerNorm(x: Value, weight: Value, bias: Value, epsilon = 1e-5): Value {
  const channels = [x.shape[x.shape.length - 1]];
  if (!sameShape(weight.shape, channels) || !sameShape(bias.shape, channels)) {
    throw new Error(`LayerNorm: weight [${weight.shape}] and bias [${bias.shape}] do not fit [${x.shape}]`);
  }
  const { y, inverse } = layerNormalization([x, weight, bias], epsilon);
  return withDerivative([y], [x, weight, bias], ([dy]) => [
    () => throughNormal(mul(dy!, weight), normalize(x, epsilon), inverse),
    () => sumTo(mul(dy!, normalize(x, epsilon)), channels),
    () => sumTo(dy!, channels),
  ])[0];
}

function layerNormalization(inputs: readonly Value[], epsilon: number): { y: Value; inverse: Value } {
  const { shape } = inputs[0];
  const each = [...shape.slice(0, -1), 1];
  const attributes = { axis: -1, epsilon: { float: epsilon } };
  const [y, , inverse] = emitAll("LayerNormalization", inputs, [shape, each, each], attributes);
  return { y, inverse };
}

/**
 * Computes the cotangent through a normalisation, dx = (dy - mean(dy) - y mean(dy y)) / sigma, where y is
 * what was normalised and `inverse` 1 / sigma.
 */
function throughNormal(dy: Value, y: Value, inverse: Value): Value {
  const last = y.shape.length - 1;
  const along = mul(y, reduceMean(mul(dy, y), [last], true));
  return mul(sub(sub(dy, reduceMean(dy, [last], true)), along), inverse);
}

const ones = new Map<number, WeakRef<Float32Array>>();

/** Returns so many ones, one array for all layers as long as one of them has it. */
function onesOf(size: number): Value {
  const known = ones.get(size)?.deref();
  const data = known ?? new Float32Array(size).fill(1);
  if (!known) ones.set(size, new WeakRef(data));
  return constant(data);
}

/**
 * Normalises groups of channels of [N, C, H, W]. Weight and bias are [C], or [N, C]: others for each image.
 *
 * The gradient is that of {@link normalize} with every sum over pixels taken once: what the weight's and the
 * bias's gradients need for each channel is enough for the means over a group too.
 * @throws {Error} when `groups` does not divide C
 */
export function groupNorm(x: Value, groups: number, weight: Value, bias: Value, epsilon = 1e-5): Value {
  const [n, c] = image("GroupNorm", x);
  if (c % groups !== 0)
    throw new Error(`GroupNorm: ${c} channels of [${x.shape}] do not divide by ${groups} groups`);
  const size = sizeOf(x.shape) / (n * groups);
  const { y, inverse } = layerNormalization([reshape(x, [n * groups, size]), onesOf(size)], epsilon);
  const [normal, deviation] = [reshape(y, x.shape), reshape(inverse, [n, groups, 1])].map(stopGradient);
  const [w, b] = [weight, bias].map((v) => reshape(v, [v.shape.length > 1 ? n : 1, c, 1, 1]));
  const affine = add(mul(normal, w), b);
  return withDerivative([affine], [x, w, b], ([dy]) => {
    const sum = reduceSum(dy!, [2, 3], true);
    const weighted = reduceSum(mul(dy!, normal), [2, 3], true);
    const inGroups = (v: Value) => reshape(v, [n, groups, c / groups]);
    const toChannels = (v: Value) => reshape(expand(v, [n, groups, c / groups]), [n, c, 1, 1]);
    const mean = (v: Value) => mul(reduceSum(inGroups(mul(v, w)), [2], true), mul(deviation, 1 / size));
    return [
      () => {
        const direct = mul(dy!, mul(toChannels(deviation), w));
        return sub(direct, add(mul(normal, toChannels(mean(weighted))), toChannels(mean(sum))));
      },
      () => sumTo(weighted, w.shape),
      () => sumTo(sum, b.shape),
    ];
  })[0];
}
