import type { Ways } from "../nn/index.js";
import type { Value } from "../onnx/index.js";
import type { SessionOptions } from "../runtime/index.js";
import { createResidentSession, type ResidentSession } from "./resident-session.js";
import { createTrainingSession, type TrainingSession } from "./training-session.js";
import type { Weights } from "./weights.js";

export type SessionToTrain = TrainingSession | ResidentSession;

/** How a network that is trained on this device had best be written. GPUs have convolutions of their own. */
export function waysOn({ device = "cpu" }: SessionOptions = {}): Ways {
  return { winograd: device === "cpu" };
}

/** The session that suits the device: weights stay where a graph's inputs can, else they lie in this process. */
export function createSessionToTrain(
  weights: Weights,
  loss: Value,
  reports: Readonly<Record<string, Value>>,
  options: SessionOptions = {},
  tensors: Readonly<Record<string, Value>> = {},
): Promise<SessionToTrain> {
  const create = options.device === "torch" ? createResidentSession : createTrainingSession;
  return create(weights, loss, reports, options, tensors);
}
