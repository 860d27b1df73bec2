import * as ort from "onnxruntime-node";
import * as o from "../src/onnx/index.js";

/**
 * The gradients of a function of tensors against central differences. The scalar is a fixed random weighting of the output, so that no
 * gradient cancels; the numeric slope is taken along random directions in the input, in float32, where a step of
 * 1e-2 balances rounding against curvature.
 * @returns the largest difference between the two slopes, relative to the length of the gradient, over all inputs
 */
export async function worstRelativeError(
  f: (...xs: o.Value[]) => o.Value | o.Value[],
  shapes: number[][],
  { low = -1, high = 1, step = 1e-2, directions = 4 } = {},
): Promise<number> {
  let state = 12345;
  const uniform = () => {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
    return state / 2 ** 32;
  };
  const xs = shapes.map((shape, i) => o.input(`x${i}`, shape));
  const ys = [f(...xs)].flat();
  let loss = o.constant(0);
  for (const y of ys) {
    const weights = Float32Array.from({ length: o.sizeOf(y.shape) }, () => uniform() * 2 - 1);
    loss = o.add(loss, o.reduceSum(o.mul(y, o.constant(weights, y.shape))));
  }
  const grads = o.gradients(loss, xs);
  const model = o.toModel({ loss, ...Object.fromEntries(grads.map((g, i) => [`g${i}`, g])) }, {}, xs);
  const session = await ort.InferenceSession.create(model.bytes, { logSeverityLevel: 3 });
  const data = shapes.map((shape) =>
    Float32Array.from({ length: o.sizeOf(shape) }, () => low + (high - low) * uniform()),
  );
  const run = async (values: Float32Array[]) =>
    session.run(Object.fromEntries(values.map((v, i) => [`x${i}`, new ort.Tensor("float32", v, shapes[i])])));
  const base = await run(data);
  let worst = 0;
  for (const [k, shape] of shapes.entries()) {
    const g = base[`g${k}`].data as Float32Array;
    for (let d = 0; d < directions; d++) {
      // Along the gradient the slope is large, along a random direction it also sees what the gradient misses.
      const direction = Float32Array.from({ length: o.sizeOf(shape) }, (_, i) =>
        d === 0 ? g[i] : uniform() * 2 - 1,
      );
      const norm = Math.hypot(...direction) || 1;
      const shifted = (sign: number) =>
        data.map((v, j) => (j === k ? v.map((x, i) => x + (sign * step * direction[i]) / norm) : v));
      const up = (await run(shifted(1))).loss.data[0] as number;
      const down = (await run(shifted(-1))).loss.data[0] as number;
      const numeric = (up - down) / (2 * step);
      const analytic = g.reduce((sum, v, i) => sum + (v * direction[i]) / norm, 0);
      const scale = Math.max(Math.hypot(...g), 1e-3);
      worst = Math.max(worst, Math.abs(numeric - analytic) / scale);
    }
  }
  await session.release();
  return worst;
}
