/**
 * Winograd's convolution F(4 x 4, 3 x 3) for training: many small images, a kernel that changes at every
 * step, and gradients as cheap as the way there. winograd.ts says what the transforms B, G and A are for; it
 * cuts tiles by a strided convolution, which suits one large image and a kernel that is constant.
 *
 * Here a transform along a side of S pixels is one product with a matrix [S, 6 S / 4], whose rows of numbers
 * lie in a band: tiles, their overlap and the padding are all in where the numbers stand. Most of the matrix
 * is zeros, but on a side of 32 it is small, and a product is what a processor does best. Two such products
 * also turn [N, C, H, W] round into [column, row, N C], pixels first and channels last, so that no image is
 * copied to be cut or padded, and no single numbers are moved.
 *
 * The gradients are the same steps backwards, and what is transformed serves twice: the kernel's gradient is
 * a product of the transformed image, which the way there has made, and of the transformed cotangent, which
 * the image's gradient needs too. By taps it needs three shifted copies of either.
 */
import { withDerivative } from "./emit.js";
import { add } from "./operators/arithmetic.js";
import { reshape } from "./operators/broadcast.js";
import { gemm, matmul, transposeLast } from "./operators/linear.js";
import { transpose } from "./operators/shape.js";
import { F43, OUTPUT_TILE, twoSided, WINDOW } from "./toom-cook.js";
import { constant, type Shape, type Value } from "./value.js";

/**
 * Convolves x [N, C, H, W] with weight [O, C, 3, 3] and bias [O] -> [N, O, H, W], padded by 1: {@link conv}
 * to about 3e-6 of its largest output, with gradients made in the same way.
 * @throws {Error} when a side does not divide by 4
 */
export function trainableWinogradConv(x: Value, weight: Value, bias?: Value): Value {
  const [n, c, h, w] = x.shape;
  const [o, wc] = weight.shape;
  if (wc !== c || !fits(x.shape, weight.shape)) {
    throw new Error(
      `Winograd: input [${x.shape}], weight [${weight.shape}]; sides must divide by ${OUTPUT_TILE}`,
    );
  }
  const [rows, columns] = [h / OUTPUT_TILE, w / OUTPUT_TILE];
  // Column before row, as the products leave the image.
  const kernels = reshape(
    gemm(twoSided(F43.g, "columns first"), reshape(weight, [o * c, 9]), { transB: true }),
    [WINDOW ** 2, o, c],
  );
  const along = gemm(inputBand(w), reshape(x, [n * c * h, w]), { transB: true });
  const values = timesTurned(inputBand(h), reshape(along, [WINDOW * columns, n * c, h]));
  // From [point of the column, column, point of the row, row, N, C] to points first, and back: whole rows of
  // tiles move.
  const tiles = reshape(transpose(reshape(values, [WINDOW, columns, WINDOW, rows * n * c]), [0, 2, 1, 3]), [
    WINDOW ** 2,
    columns * rows * n,
    c,
  ]);
  const products = reshape(timesTransposed(tiles, kernels), [WINDOW, WINDOW, columns, rows * n * o]);
  const points = reshape(transpose(products, [0, 2, 1, 3]), [WINDOW * columns, WINDOW * rows, n * o]);
  const lines = reshape(turnedTimes(points, outputBand(h)), [WINDOW * columns, n * o * h]);
  const y = reshape(gemm(lines, outputBand(w), { transA: true }), [n, o, h, w]);
  return bias ? add(y, reshape(bias, [1, o, 1, 1])) : y;
}

/**
 * Least number of tiles; with fewer, kernels four times as large cost more to move than their products save.
 */
const TILES = 8;

/**
 * Tells whether {@link trainableWinogradConv} takes these shapes and is faster than taps, measured with ONNX
 * Runtime on AVX-512.
 */
export function trainableWinogradPays(x: Shape, weight: Shape): boolean {
  if (!fits(x, weight)) return false;
  const [n, c, h, w] = x;
  const o = weight[0];
  const wider = WINDOW / OUTPUT_TILE;
  const transforms = n * (c + o) * wider * h * w * (w + wider * h);
  const points = n * o * c * wider ** 2 * h * w;
  // At as many products it is still the faster: taps need copies of images for their kernel's gradient.
  return (n * h * w) / OUTPUT_TILE ** 2 >= TILES && transforms + points < n * o * c * 9 * h * w;
}

/** Tells whether the kernel is of 3 x 3 and the image of whole tiles. */
function fits([, , h, w]: Shape, [, , kh, kw]: Shape): boolean {
  return kh === 3 && kw === 3 && h % OUTPUT_TILE === 0 && w % OUTPUT_TILE === 0;
}

/** Multiplies m x^T for each matrix of x [.., R, K], with m [S, K] constant -> [.., S, R]. */
function timesTurned(m: Value, x: Value): Value {
  return withDerivative([matmul(m, transposeLast(x))], [x], ([dy]) => [() => turnedTimes(dy!, m)])[0];
}

/**
 * Multiplies x^T m for each matrix of x [.., K, R], with m [K, S] constant -> [.., R, S]: the transpose of
 * `timesTurned` as a map, and its gradient.
 */
function turnedTimes(x: Value, m: Value): Value {
  return withDerivative([matmul(transposeLast(x), m)], [x], ([dy]) => [() => timesTurned(m, dy!)])[0];
}

/**
 * Multiplies a b^T for [P, T, C] and [P, O, C] -> [P, T, O]; b's gradient is found as [P, O, C], not turned
 * round.
 */
function timesTransposed(a: Value, b: Value): Value {
  const pull = (dy: Value) => [() => matmul(dy, b), () => matmul(transposeLast(dy), a)];
  return withDerivative([matmul(a, transposeLast(b))], [a, b], ([dy]) => pull(dy!))[0];
}

/**
 * Makes B along a side of `side` pixels, padded by 1: [6 side / 4, side], a row for each point of each tile,
 * points first.
 */
function inputBand(side: number): Value {
  return band(side, (at, point) => F43.b[point][at + 1]);
}

/**
 * Makes A along a side of `side` pixels, in the same order: what each point of each tile adds to each pixel.
 */
function outputBand(side: number): Value {
  return band(side, (at, point) => F43.a[at]?.[point]);
}

/**
 * Makes a matrix [6 side / 4, side] whose numbers lie in a band.
 * @param entry the number at the pixel `at` from the tile's first one; undefined where there is none
 */
function band(side: number, entry: (at: number, point: number) => number | undefined): Value {
  const tiles = side / OUTPUT_TILE;
  const numbers = new Float32Array(WINDOW * tiles * side);
  for (let row = 0; row < WINDOW * tiles; row++) {
    const [point, tile] = [Math.floor(row / tiles), row % tiles];
    for (let x = 0; x < side; x++) numbers[row * side + x] = entry(x - OUTPUT_TILE * tile, point) ?? 0;
  }
  return constant(numbers, [WINDOW * tiles, side]);
}
