/** The discriminator's own training: it takes a step after each of the student's, on what the student made. */
import { type DiscriminatorConfig, discriminator } from "../networks/index.js";
import { trainableScope } from "../nn/index.js";
import * as o from "../onnx/index.js";
import type { FloatTensor, SessionOptions, Tensor } from "../runtime/index.js";
import { DISCRIMINATOR, discriminatorLoss } from "./adversarial.js";
import { createTrainingState, type TrainingState } from "./checkpoint.js";
import { adamStep, globalNorm } from "./optimizer.js";
import { waysOn } from "./session-to-train.js";
import { type BatchShape, pixelSpace } from "./space.js";
import { createTrainingSession } from "./training-session.js";
import { initialWeights } from "./weights.js";

export interface AdversarialOptions {
  readonly discriminator: DiscriminatorConfig;
  readonly learningRate: number;
  /** Weight of the penalties, gamma / 2 in the paper's notation being half of it. */
  readonly gamma: number;
}

/** A second network trained in turn with the first, on what the first one made. */
export interface Companion {
  readonly state: TrainingState;
  /** Its weights as the inputs that the first network's graph has them under. */
  readonly feeds: Readonly<Record<string, Tensor>>;
  /** One step. @returns the values to report; they are not finite when the step went wrong, and then none is taken */
  step(
    made: FloatTensor,
    feeds: Readonly<Record<string, Tensor>>,
    rate: number,
  ): Promise<Record<string, number>>;
  release(): Promise<void>;
}

/**
 * A discriminator of latents [N, C, S, S] and its training session, whose inputs are those of every batch in this space,
 * and `made`, what the student said.
 */
export async function createDiscriminator(
  { discriminator: config, learningRate, gamma }: AdversarialOptions,
  shape: BatchShape,
  seed: number,
  session?: SessionOptions,
  space = pixelSpace(shape),
): Promise<Companion> {
  const { scope, parameters } = trainableScope(DISCRIMINATOR, waysOn(session));
  const { x0, y } = space.pair(shape);
  const made = o.input("made", [shape.batch, space.channels, shape.side, shape.side]);
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
    async step(made, feeds, rate) {
      const { loss: _, ...values } = await training.run({ ...feeds, made });
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
