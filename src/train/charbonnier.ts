import * as o from "../onnx/index.js";

/**
 * Returns the mean of sqrt(d^2 + e^2) - e over the differences d = a - b (Charbonnier 1994): a smooth
 * absolute error. Its minimiser is a median, which leaves less grain in sampled images than the mean that
 * squared error asks for.
 */
export function charbonnier(a: o.Value, b: o.Value, e = 0.01): o.Value {
  const d = o.sub(a, b);
  return o.sub(o.reduceMean(o.sqrt(o.add(o.mul(d, d), e * e))), e);
}
