/**
 * A student against a discriminator. The losses are those of R3GAN (Huang, Gokaslan, Kuleshov, Tompkin, "The GAN is
 * dead; long live the GAN! A modern baseline GAN", NeurIPS 2024): each made picture is judged beside the real one it
 * stands for (relativistic pairing, Jolicoeur-Martineau 2019), and the discriminator's slope is held down at both (R1
 * and R2, Mescheder, Geiger, Nowozin 2018; Roth et al. 2017), which is what makes training converge.
 */
import { type DiscriminatorConfig, discriminator, LATENT_CHANNELS } from "../networks/index.js";
import { trainableScope } from "../nn/index.js";
import * as o from "../onnx/index.js";
import { floatTensor, type SessionOptions, type Tensor } from "../runtime/index.js";
import { createTrainingState, type TrainingState } from "./checkpoint.js";
import type { BatchShape } from "./objectives.js";
import { adamStep, globalNorm } from "./optimizer.js";
import { createTrainingSession } from "./training-session.js";
import { initialWeights } from "./weights.js";

export interface AdversarialOptions {
  readonly discriminator: DiscriminatorConfig;
  readonly learningRate: number;
  /** Weight of the penalties, gamma / 2 in the paper's notation being half of it. */
  readonly gamma: number;
}

/** ln(1 + e^x), without overflow. */
export function softplus(x: o.Value): o.Value {
  return o.add(o.relu(x), o.log(o.add(o.exp(o.neg(o.abs(x))), 1)));
}

/** What the student pays where its patches look less real than the real ones: the mean of softplus(real - made). */
export function generatorLoss(real: o.Value, made: o.Value): o.Value {
  return o.reduceMean(softplus(o.sub(real, made)));
}

/**
 * The discriminator's loss and its parts: the mean of softplus(made - real), and gamma / 2 times the squared slope of a
 * picture's summed score, averaged over pictures, at real and at made ones.
 * @param judge the discriminator as a function of a picture
 */
export function discriminatorLoss(
  judge: (image: o.Value) => o.Value,
  real: o.Value,
  made: o.Value,
  gamma: number,
) {
  const scores = { real: judge(real), made: judge(made) };
  const slope = (score: o.Value, image: o.Value) => {
    const [gradient] = o.gradients(o.reduceSum(score), [image]);
    return o.div(o.reduceSum(o.mul(gradient, gradient)), image.shape[0]);
  };
  const game = o.reduceMean(softplus(o.sub(scores.made, scores.real)));
  const penalty = o.add(slope(scores.real, real), slope(scores.made, made));
  const gap = o.sub(o.reduceMean(scores.real), o.reduceMean(scores.made));
  return { loss: o.add(game, o.mul(penalty, gamma / 2)), reports: { game, penalty, gap } };
}

/** A second network trained in turn with the first, on what the first one made. */
export interface Companion {
  readonly state: TrainingState;
  /** Its weights as the inputs that the first network's graph has them under. */
  readonly feeds: Readonly<Record<string, Tensor>>;
  /** One step. @returns the values to report; they are not finite when the step went wrong, and then none is taken */
  step(made: Tensor, feeds: Readonly<Record<string, Tensor>>, rate: number): Promise<Record<string, number>>;
  release(): Promise<void>;
}

/** The names of its parameters in the student's graph. */
export const DISCRIMINATOR = "discriminator:";

/**
 * A discriminator of latents [N, 48, S, S] and its training session, whose inputs are `hr` and `lq` as in every batch, and
 * `made`, what the student said.
 * @param latents turns the batch's inputs into x0 and y
 */
export async function createDiscriminator(
  { discriminator: config, learningRate, gamma }: AdversarialOptions,
  { batch, side }: BatchShape,
  latents: () => { readonly x0: o.Value; readonly y: o.Value },
  seed: number,
  session?: SessionOptions,
): Promise<Companion> {
  const { scope, parameters } = trainableScope(DISCRIMINATOR);
  const { x0, y } = latents();
  const made = o.input("made", [batch, LATENT_CHANNELS, side, side]);
  const judge = (image: o.Value) => discriminator(scope, config, image, y);
  const { loss, reports } = discriminatorLoss(judge, x0, made, gamma);
  const weights = initialWeights(parameters(), seed);
  const training = await createTrainingSession(weights, loss, reports, session);
  const state = createTrainingState(weights);
  const feeds: Record<string, Tensor> = {};
  for (const [name, tensor] of weights.tensors) feeds[DISCRIMINATOR + name] = tensor;
  return {
    state,
    feeds,
    async step(madeTensor, { hr, lq }, rate) {
      const made = floatTensor([batch, LATENT_CHANNELS, side, side], madeTensor.data as Float32Array);
      const { loss: _, ...values } = await training.run({ hr, lq, made });
      const norm = globalNorm(training.gradient);
      const named = Object.fromEntries(Object.entries(values).map(([key, v]) => [`D ${key}`, v]));
      if (!Number.isFinite(norm)) return { ...named, "D game": Number.NaN };
      // The game moves its target, so momentum would run after where it was.
      adamStep(weights.flat, training.gradient, state.adam, { learningRate: rate * learningRate, beta1: 0 });
      return named;
    },
    release: () => training.release(),
  };
}

/** The student's adversarial term: the discriminator's weights are inputs, and the gradient does not reach them. */
export function adversarialTerm(
  config: DiscriminatorConfig,
  { x0, y, made }: { readonly x0: o.Value; readonly y: o.Value; readonly made: o.Value },
): o.Value {
  const { scope } = trainableScope(DISCRIMINATOR);
  return generatorLoss(discriminator(scope, config, x0, y), discriminator(scope, config, made, y));
}
