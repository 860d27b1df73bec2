/**
 * Local means of pictures' luma, as SSIM takes them (Wang, Bovik, Sheikh, Simoncelli 2004): an 11 x 11
 * Gaussian window of deviation 1.5, at all places where it fits.
 *
 * The Gaussian is separable. Along one axis it is a product with a banded matrix, which on crops is many
 * times quicker than a convolution, though most of what it multiplies are zeros: ONNX Runtime fills a single
 * channel up to 16 before it convolves. For the same reason luma is a sum.
 */
import * as o from "../../onnx/index.js";

const SIZE = 11;
const DEVIATION = 1.5;

/**
 * BT.601 luma of r, g, b in 0..1, in parts of 255: 16 + 65.481 r + 128.553 g + 24.966 b, as `samsr score`
 * takes it.
 */
const WEIGHTS = [65.481, 128.553, 24.966].map((weight) => weight / 255);

/** The luma of mid grey. */
export const MIDDLE = 16 / 255 + WEIGHTS.reduce((a, b) => a + b) / 2;

/**
 * Computes luma [N, 1, H, W] of pictures [N, 3, H, W] in [-1, 1], over 255 and less that of mid grey: near
 * zero, where squares lose the fewest digits of a variance.
 */
export function luma(image: o.Value): o.Value {
  const halves = Float32Array.from(WEIGHTS, (weight) => weight / 2);
  return o.reduceSum(o.mul(image, o.constant(halves, [1, 3, 1, 1])), [1], true);
}

/** Computes x^2, element by element. */
export function square(x: o.Value): o.Value {
  return o.mul(x, x);
}

/**
 * Returns the window's mean as a function of maps [N, 1, H, W], which gives [N, 1, H - 10, W - 10].
 * @param of the loss that asks, for the error's text
 * @param shape that of the pictures, [N, C, H, W]
 * @throws Error when a picture is smaller than the window
 */
export function windowMean(of: string, shape: o.Shape): (map: o.Value) => o.Value {
  const [, , height, width] = shape;
  if (Math.min(height, width) < SIZE) {
    throw new Error(`${of}: pictures [${shape}] are smaller than the window of ${SIZE}`);
  }
  const [rows, columns] = [gaussian(height), o.transposeLast(gaussian(width))];
  return (map) => o.matmul(rows, o.matmul(map, columns));
}

/**
 * Returns the matrix [side - 10, side] of the window: row i holds the window's taps for places i to i + 10.
 */
function gaussian(side: number): o.Value {
  const taps = Array.from({ length: SIZE }, (_, i) =>
    Math.exp(-((i - (SIZE - 1) / 2) ** 2) / (2 * DEVIATION ** 2)),
  );
  const sum = taps.reduce((a, b) => a + b);
  const count = side - SIZE + 1;
  const matrix = new Float32Array(count * side);
  for (let i = 0; i < count; i++) {
    taps.forEach((tap, k) => {
      matrix[i * side + i + k] = tap / sum;
    });
  }
  return o.constant(matrix, [count, side]);
}
