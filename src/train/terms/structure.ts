/**
 * Structural similarity as a loss: Zhao, Gallo, Frosio, Kautz, "Loss functions for image restoration with
 * neural networks", IEEE TCI 2017. Squared error asks for the mean of all originals that would explain a
 * picture, which is smooth; SSIM (Wang, Bovik, Sheikh, Simoncelli 2004) also asks each neighbourhood for the
 * original's contrast.
 */
import * as o from "../../onnx/index.js";
import { luma, MIDDLE, square, windowMean } from "./local-moments.js";
import type { Term } from "./term.js";

/** K1 = 0.01 and K2 = 0.03, squared: the peak is 1 in the unit of `luma`. */
const C1 = 0.01 ** 2;
const C2 = 0.03 ** 2;

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
  const mean = windowMean("structureLoss", predicted.shape);

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

function twice(x: o.Value, more: number): o.Value {
  return o.add(o.mul(x, 2), more);
}
