/**
 * The discriminator's own training: a session beside the student's, on the same device, bound to what the
 * student predicts.
 */
import { type DiscriminatorConfig, discriminator } from "../networks/index.js";
import { trainableScope } from "../nn/index.js";
import * as o from "../onnx/index.js";
import type { DevicePart, SessionOptions } from "../runtime/index.js";
import { BETAS } from "./adamw.js";
import { DISCRIMINATOR, discriminatorLoss } from "./adversarial.js";
import { createTrainingState } from "./checkpoint.js";
import { type BatchShape, pixelSpace, type Space } from "./space.js";
import type { Opponent } from "./trainer.js";
import { convolutionStrategyOn, createTrainingSession } from "./training-session.js";
import { initialWeights } from "./weights.js";

export interface AdversarialOptions {
  readonly discriminator: DiscriminatorConfig;
  readonly learningRate: number;
  /** Weight of the penalties, gamma / 2 in the paper's notation being half of it. */
  readonly gamma: number;
}

interface Discriminator extends Opponent {
  /** The discriminator's weights as the student's graph has them as inputs: what those are bound to. */
  readonly bound: Readonly<Record<string, DevicePart>>;
}

interface DiscriminatorSurroundings {
  readonly session?: SessionOptions;
  /** The space of the pictures that it judges; default: pixels. */
  readonly space?: Space;
  /** What it is to take for real, [N, C, S, S]; default: the originals. */
  readonly real?: o.Value;
}

/**
 * Creates a discriminator of latents [N, C, S, S] in training.
 * @param bound where the inputs of the space's pair lie, and x0Hat, what the student's session predicts of
 *   them
 */
export async function createDiscriminator(
  { discriminator: config, learningRate, gamma }: AdversarialOptions,
  bound: Readonly<Record<string, DevicePart>>,
  shape: BatchShape,
  seed: number,
  { session: options, space = pixelSpace(shape), real }: DiscriminatorSurroundings = {},
): Promise<Discriminator> {
  const { scope, parameters } = trainableScope(DISCRIMINATOR, convolutionStrategyOn(options));
  const { x0: original, y } = space.pair(shape);
  const x0 = real ?? original;
  const judge = (image: o.Value) => discriminator(scope, config, image, y);
  const graph = discriminatorLoss(judge, x0, o.input("x0Hat", x0.shape), gamma);
  const session = await createTrainingSession(
    createTrainingState(initialWeights(parameters(), seed)),
    graph,
    // The game moves its target, so momentum would run after where it was.
    { ...options, betas: { ...BETAS, beta1: 0 }, bound },
  );
  const parts = Object.entries(session.parameters).map(([name, part]) => [DISCRIMINATOR + name, part]);
  return { session, learningRate, bound: Object.fromEntries(parts) };
}
