/**
 * What a discriminator must not buy: grain. It takes the grain of real photos for a sign of being real, and a
 * student that plays against it learns to make a grainy picture grainier still, and dots where the original
 * is flat. Absolute error hardly minds, for grain is small. So each neighbourhood pays for the contrast that
 * it has beyond the original's, the flatter the original the more; contrast that is missing costs nothing
 * here.
 */
import * as o from "../../onnx/index.js";
import { luma, square, windowMean } from "./local-moments.js";
import type { Term } from "./term.js";

/** One level of 255, below which no contrast is seen; it also keeps the root's slope finite. */
const LEVEL = 1 / 255;

/** The original's contrast at which a neighbourhood pays half of what a flat one does. */
const HALF = 8 / 255;

/** The contrast of the single step that the original has not. */
export const grain: Term = {
  description:
    "Contrast of the single step beyond the original's, most where that is flat; not in the paper.",
  loss: ({ x0Hat, x0, image }) => grainLoss(image(x0Hat), image(x0)),
};

/**
 * Computes the mean of
 *
 *     8 / (8 + s) max(0, r - s)
 *
 * over pictures and places where an 11 x 11 Gaussian window of deviation 1.5 fits, with r and s the standard
 * deviations of the predicted and the original luma in that window, in levels of 255, and at least 1.
 * @param predicted, original [N, 3, H, W] in [-1, 1], sides of at least 11; the gradient reaches `predicted`
 *   only
 * @returns a scalar, in parts of 255 levels; 0 where no neighbourhood has more contrast than the original's
 * @throws Error when the pictures are smaller than the window
 */
export function grainLoss(predicted: o.Value, original: o.Value): o.Value {
  const mean = windowMean("grainLoss", predicted.shape);
  const contrast = (picture: o.Value) => {
    const y = luma(picture);
    const variance = o.sub(mean(square(y)), square(mean(y)));
    return o.sqrt(o.add(o.relu(variance), LEVEL ** 2));
  };
  const allowed = contrast(o.stopGradient(original));
  const beyond = o.relu(o.sub(contrast(predicted), allowed));
  return o.reduceMean(o.mul(o.div(HALF, o.add(allowed, HALF)), beyond));
}
