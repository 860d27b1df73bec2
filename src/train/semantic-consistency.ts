/** The loss by which prediction and original shall have the same semantics (equation 13). */
import { onGraphs } from "../diffusion/index.js";
import { type CoverageNetworkConfig, coverageNetwork } from "../networks/index.js";
import type { Scope } from "../nn/index.js";
import * as o from "../onnx/index.js";

/** The network that tells the loss the coverage of an image; its weights stay as they are. */
export interface CoverageJudge {
  readonly scope: Scope;
  readonly config: CoverageNetworkConfig;
}

/**
 * How much images are reduced for the coverage network, which was taught on small pictures of whole
 * photos. Measured on crops of 128 x 128 with samsr-tiny and coverage-tiny, the loss is 0.29 of the variance
 * of W(x0) at full size, 0.15 at half and 0.06 at that of the low-resolution image, to which both conform
 * (medians of 24).
 */
const JUDGED_REDUCTION = 2;

/**
 * Computes L_SC of equation 13: the mean squared error of W(x0 predicted) and W(x0). Masks have no gradient,
 * so W is c / max c with the coverage c that a network predicts; then the gradient reaches what made the
 * prediction.
 * @param predicted [N, 3, H, W] in [-1, 1], as is `original`; half of each side divides by `coverageMultiple`
 */
export function semanticConsistencyLoss(
  judge: CoverageJudge,
  predicted: o.Value,
  original: o.Value,
): o.Value {
  return o.meanSquaredError(weightOf(judge, predicted), o.stopGradient(weightOf(judge, original)));
}

/**
 * Computes W of equation 8 of images [N, 3, H, W] in [-1, 1], from the coverage that the network predicts.
 */
function weightOf({ scope, config }: CoverageJudge, image: o.Value): o.Value {
  const counts = coverageNetwork(scope, config, o.averagePool(image, JUDGED_REDUCTION));
  return o.asValue(onGraphs.semanticWeight(counts, o.reduceMax(counts, [1, 2, 3], true)));
}
