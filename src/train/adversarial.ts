/**
 * A student against a discriminator. The losses are those of R3GAN (Huang, Gokaslan, Kuleshov, Tompkin, "The
 * GAN is dead; long live the GAN! A modern baseline GAN", NeurIPS 2024): each fake picture is judged beside
 * the real one it stands for (relativistic pairing, Jolicoeur-Martineau 2019), and the discriminator's slope
 * is held down at both (R1 and R2, Mescheder, Geiger, Nowozin 2018; Roth et al. 2017), which is what makes
 * training converge.
 */
import { type DiscriminatorConfig, discriminator } from "../networks/index.js";
import { trainableScope } from "../nn/index.js";
import * as o from "../onnx/index.js";

/** Computes ln(1 + e^x), without overflow. */
export function softplus(x: o.Value): o.Value {
  return o.add(o.relu(x), o.log(o.add(o.exp(o.neg(o.abs(x))), 1)));
}

/**
 * Returns what the student pays where its patches look less real than the real ones: the mean of
 * softplus(real - fake).
 */
export function generatorLoss(real: o.Value, fake: o.Value): o.Value {
  return o.reduceMean(softplus(o.sub(real, fake)));
}

/**
 * Returns the discriminator's loss and its parts: the mean of softplus(fake - real), and gamma / 2 times the
 * squared slope of a picture's summed score, averaged over pictures, at real and at fake ones. The sum has
 * the slopes of all patches in it, so gamma must be small: with 64 patches a gamma of 1 holds the
 * discriminator down until it sees no difference, and 0.002 leaves it a slope of 6.
 * @param judge the discriminator as a function of a picture
 */
export function discriminatorLoss(
  judge: (image: o.Value) => o.Value,
  real: o.Value,
  fake: o.Value,
  gamma: number,
) {
  const scores = { real: judge(real), fake: judge(fake) };
  const slope = (score: o.Value, image: o.Value) => {
    const [gradient] = o.gradients(o.reduceSum(score), [image]);
    return o.div(o.reduceSum(o.mul(gradient, gradient)), image.shape[0]);
  };
  const game = o.reduceMean(softplus(o.sub(scores.fake, scores.real)));
  const penalty = o.add(slope(scores.real, real), slope(scores.fake, fake));
  const gap = o.sub(o.reduceMean(scores.real), o.reduceMean(scores.fake));
  return { loss: o.add(game, o.mul(penalty, gamma / 2)), reports: { game, penalty, gap } };
}

/** What stands before the names of a discriminator's parameters in the student's graph. */
export const DISCRIMINATOR = "discriminator:";

/**
 * Computes the student's adversarial term: the discriminator's weights are inputs, and the gradient does not
 * reach them.
 */
export function adversarialTerm(
  config: DiscriminatorConfig,
  { x0, y, x0Hat }: { readonly x0: o.Value; readonly y: o.Value; readonly x0Hat: o.Value },
): o.Value {
  const { scope } = trainableScope(DISCRIMINATOR);
  return generatorLoss(discriminator(scope, config, x0, y), discriminator(scope, config, x0Hat, y));
}
