import * as ort from "onnxruntime-node";
import * as o from "../src/onnx/index.js";

export interface DifferenceOptions {
  /** Inputs are uniform in [low, high] ... */
  readonly low?: number;
  readonly high?: number;
  /** ... unless they are given. */
  readonly values?: readonly Float32Array[];
  readonly step?: number;
  /** Directions tried for each input, the first half along its gradient. */
  readonly directions?: number;
  /**
   * Gradients shorter than this part of the longest are measured against it: their slopes drown in the
   * rounding of the loss.
   */
  readonly floor?: number;
}

/**
 * The gradients of a function of tensors against central differences. The scalar is a fixed random weighting
 * of the output, so that no gradient cancels; the numeric slope is taken along directions in one input at a
 * time, in float32, where a step of 1e-2 balances rounding against curvature.
 * @returns for each input the largest difference between the two slopes, relative to the length of its
 *   gradient
 */
export async function relativeErrors(
  f: (...xs: o.Value[]) => o.Value | o.Value[],
  shapes: readonly o.Shape[],
  { low = -1, high = 1, values, step = 1e-2, directions = 4, floor = 0 }: DifferenceOptions = {},
): Promise<number[]> {
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
  // Small graphs and many runs: a second thread would only be woken and sent to sleep.
  const session = await ort.InferenceSession.create(model.bytes, {
    logSeverityLevel: 3,
    intraOpNumThreads: 1,
  });
  const data = shapes.map(
    (shape, i) =>
      values?.[i] ?? Float32Array.from({ length: o.sizeOf(shape) }, () => low + (high - low) * uniform()),
  );
  const run = async (given: readonly Float32Array[], fetches?: string[]) => {
    const feeds = Object.fromEntries(
      given.map((v, i) => [`x${i}`, new ort.Tensor("float32", v, shapes[i])] as const),
    );
    return session.run(feeds, fetches ?? session.outputNames);
  };
  const base = await run(data);
  const gradient = xs.map((_, k) => base[`g${k}`].data as Float32Array);
  const longest = Math.max(...gradient.map(length));
  const errors: number[] = [];
  for (const [k, g] of gradient.entries()) {
    let worst = 0;
    for (let d = 0; d < directions; d++) {
      // Along the gradient the slope is large; something random beside it also sees what the gradient misses.
      const random = g.map(() => uniform() * 2 - 1);
      const share = d === 0 ? length(random) / (length(g) || 1) : 0;
      const direction = random.map((r, i) => r + share * g[i]);
      const norm = length(direction);
      const shifted = async (sign: number) => {
        const moved = data[k].map((x, i) => x + (sign * step * direction[i]) / norm);
        return (await run(data.with(k, moved), ["loss"])).loss.data[0] as number;
      };
      const numeric = ((await shifted(1)) - (await shifted(-1))) / (2 * step);
      const analytic = g.reduce((sum, v, i) => sum + (v * direction[i]) / norm, 0);
      const scale = Math.max(length(g), floor * longest, 1e-3);
      worst = Math.max(worst, Math.abs(numeric - analytic) / scale);
    }
    errors.push(worst);
  }
  await session.release();
  return errors;
}

/** The largest of `relativeErrors`. */
export async function worstRelativeError(...args: Parameters<typeof relativeErrors>): Promise<number> {
  return Math.max(...(await relativeErrors(...args)));
}

function length(vector: Float32Array): number {
  return Math.sqrt(vector.reduce((sum, v) => sum + v * v, 0));
}
