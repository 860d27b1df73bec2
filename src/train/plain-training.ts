/** The training of a network whose loss needs nothing but its own graph and a batch. */
import { type Scope, trainableScope } from "../nn/index.js";
import type { Value } from "../onnx/index.js";
import type { SessionOptions } from "../runtime/index.js";
import { createTrainingState } from "./checkpoint.js";
import type { Feeds } from "./device-tensors.js";
import { type TrainerOptions, train } from "./trainer.js";
import { convolutionStrategyOn, createTrainingSession } from "./training-session.js";
import { type FlatWeights, initialWeights } from "./weights.js";

export interface PlainTrainingOptions extends TrainerOptions {
  readonly seed: number;
  readonly session?: SessionOptions;
}

/**
 * Trains a network from new weights.
 * @param build the loss, a scalar, and what is reported beside it, in a scope of parameters to train
 * @param at the inputs of a micro-batch, determined by its number alone
 * @returns its weights and their moving average
 */
export async function trainPlainly(
  build: (p: Scope) => { readonly loss: Value; readonly reports: Readonly<Record<string, Value>> },
  at: (index: number) => Promise<Feeds>,
  options: PlainTrainingOptions,
): Promise<{ weights: FlatWeights; average: Float32Array }> {
  const { accumulate, seed } = options;
  const { scope, parameters } = trainableScope("", convolutionStrategyOn(options.session));
  const { loss, reports } = build(scope);
  const weights = initialWeights(parameters(), seed);
  const state = createTrainingState(weights);
  const session = await createTrainingSession(state, { loss, reports }, { ...options.session, accumulate });
  try {
    await train(session, { at, ...session.inputs }, options);
  } finally {
    await session.release();
  }
  return { weights, average: state.average };
}
