import { emit } from "../emit.js";
import { broadcastShape, sameShape, type Value } from "../value.js";
import { sumTo } from "./broadcast.js";
import { transpose } from "./shape.js";

/**
 * Multiplies matrices, the last two axes [M, K] and [K, N] -> [M, N]; the axes before them broadcast.
 * @throws {Error} naming shapes that do not fit
 */
export function matmul(a: Value, b: Value): Value {
  const [m, k] = a.shape.slice(-2);
  const [k2, n] = b.shape.slice(-2);
  if (a.shape.length < 2 || b.shape.length < 2 || k !== k2) {
    throw new Error(`MatMul: [${a.shape}] times [${b.shape}]`);
  }
  const batch = broadcastShape("MatMul", a.shape.slice(0, -2), b.shape.slice(0, -2));
  return emit("MatMul", [a, b], {
    shape: [...batch, m, n],
    pull: (dy) => [
      () => sumTo(matmul(dy, transposeLast(b)), a.shape),
      () => sumTo(matmul(transposeLast(a), dy), b.shape),
    ],
  });
}

/** Swaps the last two axes. */
export function transposeLast(x: Value): Value {
  const order = x.shape.map((_, i) => i);
  return transpose(x, [...order.slice(0, -2), order.length - 1, order.length - 2]);
}

/** What {@link gemm} does beside the product. */
export interface GemmOptions {
  readonly transA?: boolean;
  readonly transB?: boolean;
  /** Added to the product, and broadcast to [M, N] for it. */
  readonly bias?: Value;
  readonly alpha?: number;
}

/**
 * Multiplies two matrices, alpha A B + bias -> [M, N]; either one may be read transposed.
 * @throws {Error} naming shapes that do not fit
 */
export function gemm(a: Value, b: Value, options: GemmOptions = {}): Value {
  const { transA = false, transB = false, bias, alpha = 1 } = options;
  const [m, k] = transA ? [a.shape[1], a.shape[0]] : a.shape;
  const [k2, n] = transB ? [b.shape[1], b.shape[0]] : b.shape;
  if (a.shape.length !== 2 || b.shape.length !== 2 || k !== k2) {
    throw new Error(`Gemm: [${a.shape}]${transA ? "ᵀ" : ""} times [${b.shape}]${transB ? "ᵀ" : ""}`);
  }
  if (bias && !sameShape(broadcastShape("Gemm", bias.shape, [m, n]), [m, n])) {
    throw new Error(`Gemm: bias [${bias.shape}] does not broadcast to [${m},${n}]`);
  }
  return emit("Gemm", bias ? [a, b, bias] : [a, b], {
    shape: [m, n],
    attributes: { transA: transA ? 1 : 0, transB: transB ? 1 : 0, alpha: { float: alpha } },
    pull: (dy) => [
      () =>
        transA
          ? gemm(b, dy, { transA: transB, transB: true, alpha })
          : gemm(dy, b, { transB: !transB, alpha }),
      () =>
        transB
          ? gemm(dy, a, { transA: true, transB: transA, alpha })
          : gemm(a, dy, { transA: !transA, alpha }),
      ...(bias ? [() => sumTo(dy, bias.shape)] : []),
    ],
  });
}
