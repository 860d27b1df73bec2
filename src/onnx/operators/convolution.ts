/**
 * Convolution and its three gradients.
 *
 * Weights. dW[o, c, i, j] = sum over n, y, x of dY[n, o, y - i + 1, x] X[n, c, y, x + j - 1]. Three copies of
 * dY shifted by rows and three copies of X shifted by columns, laid side by side as [3 O, L] and [3 C, L],
 * give all nine taps of a 3x3 kernel in one large Gemm: a third of the copies that nine taps would need, and
 * a product of a shape that runs near the machine's own rate. Other kernels and strides take a Gemm a tap.
 *
 * Input. A convolution of dY with the kernel mirrored and its channels swapped, or the transposed
 * convolution, which is the same sum: ONNX Runtime's Conv is the faster on large images, its ConvTranspose on
 * small ones.
 */
import { emit } from "../emit.js";
import { constant, type Value } from "../value.js";
import { reduceSum, reshape } from "./broadcast.js";
import { image } from "./image.js";
import { gemm, matmul } from "./linear.js";
import { concat, pad, slice, transpose } from "./shape.js";

/** Padding and stride of a convolution, the same along both sides. */
export interface ConvOptions {
  readonly stride?: number;
  readonly padding?: number;
}

/**
 * Convolves x [N, C, H, W] with weight [O, C, kh, kw], and adds bias [O]: -> [N, O, H', W'] with H' = (H + 2
 * padding - kh) / stride + 1, rounded down. There are zeros beyond the border, and one group.
 * @throws {Error} naming the shapes that do not fit
 */
export function conv(x: Value, weight: Value, bias?: Value, options: ConvOptions = {}): Value {
  const { stride = 1, padding = 0 } = options;
  const [n, c, h, w] = image("Conv", x);
  const [o, wc, kh, kw] = weight.shape;
  const [oh, ow] = [h, w].map((side, i) => Math.floor((side + 2 * padding - [kh, kw][i]) / stride) + 1);
  if (weight.shape.length !== 4 || wc !== c || (bias && (bias.shape.length !== 1 || bias.shape[0] !== o))) {
    throw new Error(`Conv: input [${x.shape}], weight [${weight.shape}], bias [${bias?.shape ?? ""}]`);
  }
  if (oh < 1 || ow < 1)
    throw new Error(`Conv: kernel ${kh} x ${kw} is larger than [${x.shape}] padded by ${padding}`);
  return emit("Conv", bias ? [x, weight, bias] : [x, weight], {
    shape: [n, o, oh, ow],
    attributes: geometry(kh, kw, stride, padding),
    pull: (dy) => [
      () => inputGradient(dy, weight, [h, w], stride, padding),
      () => weightGradient(dy, x, [kh, kw], stride, padding),
      ...(bias ? [() => reduceSum(dy, [0, 2, 3])] : []),
    ],
  });
}

/**
 * Transposes {@link conv}: x [N, C, H, W] and weight [C, O, kh, kw] -> [N, O, (H - 1) stride - 2 padding + kh
 * + extra, ..].
 * @throws {Error} naming the shapes that do not fit
 */
export function convTranspose(
  x: Value,
  weight: Value,
  bias?: Value,
  options: ConvOptions & { readonly extra?: readonly [number, number] } = {},
): Value {
  const { stride = 1, padding = 0, extra = [0, 0] } = options;
  const [n, c, h, w] = image("ConvTranspose", x);
  const [wc, o, kh, kw] = weight.shape;
  if (weight.shape.length !== 4 || wc !== c || (bias && (bias.shape.length !== 1 || bias.shape[0] !== o))) {
    throw new Error(
      `ConvTranspose: input [${x.shape}], weight [${weight.shape}], bias [${bias?.shape ?? ""}]`,
    );
  }
  const side = (length: number, k: number, more: number) => (length - 1) * stride - 2 * padding + k + more;
  return emit("ConvTranspose", bias ? [x, weight, bias] : [x, weight], {
    shape: [n, o, side(h, kh, extra[0]), side(w, kw, extra[1])],
    attributes: { ...geometry(kh, kw, stride, padding), output_padding: extra },
    pull: (dy) => [
      () => conv(dy, weight, undefined, { stride, padding }),
      () => weightGradient(x, dy, [kh, kw], stride, padding),
      ...(bias ? [() => reduceSum(dy, [0, 2, 3])] : []),
    ],
  });
}

function geometry(kh: number, kw: number, stride: number, padding: number) {
  return {
    kernel_shape: [kh, kw],
    strides: [stride, stride],
    pads: [padding, padding, padding, padding],
  };
}

/**
 * Number of output pixels below which ONNX Runtime's ConvTranspose outruns a Conv with the mirrored kernel.
 */
const SMALL_IMAGE = 16 * 16;

function inputGradient(
  dy: Value,
  weight: Value,
  [h, w]: readonly [number, number],
  stride: number,
  padding: number,
): Value {
  const [, , oh, ow] = dy.shape;
  const [o, c, kh, kw] = weight.shape;
  if (kh === 1 && kw === 1 && stride === 1 && padding === 0) {
    return conv(dy, transpose(weight, [1, 0, 2, 3]));
  }
  if (stride === 1 && kh === kw && kh - 1 - padding >= 0 && oh * ow >= SMALL_IMAGE) {
    const mirrored = transpose(
      reshape(matmul(reshape(weight, [o, c, kh * kw]), mirror(kh * kw)), [o, c, kh, kw]),
      [1, 0, 2, 3],
    );
    return conv(dy, mirrored, undefined, { padding: kh - 1 - padding });
  }
  const extra = [
    h - ((oh - 1) * stride - 2 * padding + kh),
    w - ((ow - 1) * stride - 2 * padding + kw),
  ] as const;
  return convTranspose(dy, weight, undefined, { stride, padding, extra });
}

/**
 * Computes the permutation matrix [n, n] that reverses `n` taps; a product with it is quicker than a Gather
 * on the last axis.
 */
function mirror(n: number): Value {
  const matrix = new Float32Array(n * n);
  for (let i = 0; i < n; i++) matrix[i * n + n - 1 - i] = 1;
  return constant(matrix, [n, n]);
}

function weightGradient(
  dy: Value,
  x: Value,
  [kh, kw]: readonly [number, number],
  stride: number,
  padding: number,
): Value {
  const [, o, oh, ow] = dy.shape;
  const c = x.shape[1];
  const channelsFirst = (v: Value) => transpose(v, [1, 0, 2, 3]);
  const [dys, xs] = [channelsFirst(dy), channelsFirst(x)];
  if (kh === 3 && kw === 3 && stride === 1 && padding === 1) {
    const rows = [0, 1, 2].map((i) => pad(dys, [0, 0, i - 1, 0], [0, 0, 1 - i, 0]));
    const columns = [0, 1, 2].map((j) => pad(xs, [0, 0, 0, 1 - j], [0, 0, 0, j - 1]));
    const taps = gemm(reshape(concat(rows, 0), [3 * o, -1]), reshape(concat(columns, 0), [3 * c, -1]), {
      transB: true,
    });
    return transpose(reshape(taps, [3, o, 3, c]), [1, 3, 0, 2]);
  }
  const padded = pad(xs, [0, 0, padding, padding], [0, 0, padding, padding]);
  const flat = reshape(dys, [o, -1]);
  const taps: Value[] = [];
  for (let i = 0; i < kh; i++) {
    for (let j = 0; j < kw; j++) {
      const [bottom, right] = [i + (oh - 1) * stride + 1, j + (ow - 1) * stride + 1];
      const seen = slice(padded, [2, 3], [i, j], [bottom, right], [stride, stride]);
      taps.push(reshape(gemm(flat, reshape(seen, [c, -1]), { transB: true }), [o, c, 1]));
    }
  }
  return reshape(concat(taps, 2), [o, c, kh, kw]);
}
