/**
 * Structural similarity as a loss: Zhao, Gallo, Frosio, Kautz, "Loss functions for image restoration with
 * neural networks", IEEE TCI 2017. Squared error asks for the mean of all originals that would explain a
 * picture, which is smooth; SSIM (Wang, Bovik, Sheikh, Simoncelli 2004) also asks each neighbourhood for the
 * original's contrast.
 *
 * The Gaussian is separable. Along one axis it is a product with a banded matrix, which on crops is many
 * times quicker than a convolution, though most of what it multiplies are zeros: ONNX Runtime fills a single
 * channel up to 16 before it convolves. For the same reason luma is a sum.
 */
import * as o from "../../onnx/index.js";
import type { Term } from "./term.js";

const SIZE = 11;
const DEVIATION = 1.5;

/** K1 = 0.01 and K2 = 0.03, squared: the peak is 1 in the unit of `luma`. */
const C1 = 0.01 ** 2;
const C2 = 0.03 ** 2;

/**
 * BT.601 luma of r, g, b in 0..1, in parts of 255: 16 + 65.481 r + 128.553 g + 24.966 b, as `samsr score`
 * takes it.
 */
const WEIGHTS = [65.481, 128.553, 24.966].map((weight) => weight / 255);
/** The luma of mid grey. */
const MIDDLE = 16 / 255 + WEIGHTS.reduce((a, b) => a + b) / 2;

/** The single step's structural similarity to the original, as pictures. */
export const structure: Term = {
  description: "The single step against the original, 1 - SSIM of luma; not in the paper.",
  detail: true,
  loss: ({ x0Hat, x0, image }) => structureLoss(image(x0Hat), image(x0)),
};

/**
 * Computes 1 - SSIM of the luma, averaged over pictures and over all places where the 11 x 11 window of
 * deviation 1.5 fits:
 *
 *     SSIM = (2 mx my + C1) (2 cov + C2) / ((mx^2 + my^2 + C1) (var x + var y + C2))
 *
 * with Gaussian-weighted means, variances and covariance. It is what `ssimY` measures, without a border left
 * out.
 * @param predicted, original [N, 3, H, W] in [-1, 1], sides of at least 11; the gradient reaches `predicted`
 *   only
 * @returns a scalar in 0..2, 0 for equal pictures
 */
export function structureLoss(predicted: o.Value, original: o.Value): o.Value {
  const [, , height, width] = predicted.shape;
  if (Math.min(height, width) < SIZE) {
    throw new Error(`structureLoss: pictures [${predicted.shape}] are smaller than the window of ${SIZE}`);
  }
  const [rows, columns] = [gaussian(height), o.transposeLast(gaussian(width))];
  const mean = (map: o.Value) => o.matmul(rows, o.matmul(map, columns));
  const square = (map: o.Value) => o.mul(map, map);

  const [x, y] = [luma(predicted), luma(o.stopGradient(original))];
  const [ux, uy] = [mean(x), mean(y)];
  // Only the sum of both variances enters. Neither it nor the covariance depends on where zero is.
  const variances = o.sub(mean(o.add(square(x), square(y))), o.add(square(ux), square(uy)));
  const covariance = o.sub(mean(o.mul(x, y)), o.mul(ux, uy));
  const [mx, my] = [ux, uy].map((u) => o.add(u, MIDDLE));

  const above = o.mul(twice(o.mul(mx, my), C1), twice(covariance, C2));
  const below = o.mul(o.add(o.add(square(mx), square(my)), C1), o.add(variances, C2));
  return o.sub(1, o.reduceMean(o.div(above, below)));
}

/**
 * Computes luma [N, 1, H, W] of pictures [N, 3, H, W] in [-1, 1], over 255 and less that of mid grey: near
 * zero, where squares lose the fewest digits of a variance.
 */
function luma(image: o.Value): o.Value {
  const halves = Float32Array.from(WEIGHTS, (weight) => weight / 2);
  return o.reduceSum(o.mul(image, o.constant(halves, [1, 3, 1, 1])), [1], true);
}

function twice(x: o.Value, more: number): o.Value {
  return o.add(o.mul(x, 2), more);
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
