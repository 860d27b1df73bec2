import { gradients, toModel, type Value } from "../onnx/index.js";
import {
  createSession,
  type FloatTensor,
  floatTensor,
  type SessionOptions,
  type Tensor,
} from "../runtime/index.js";
import { createWeights, type Weights } from "./weights.js";

/**
 * Forward and backward as one session. Weights are read where they lie, and gradients are written into one
 * preallocated flat array laid out like the weights.
 */
export interface TrainingSession {
  readonly kind: "in process";
  readonly gradient: Float32Array;
  /** Tensors asked for beside the scalars; each run overwrites them. */
  readonly kept: Readonly<Record<string, FloatTensor>>;
  /** Nodes of the graph, both ways. */
  readonly nodes: number;
  /** Computes the reported values (scalars) and overwrites `gradient`. */
  run(feeds: Readonly<Record<string, Tensor>>): Promise<Record<string, number>>;
  release(): Promise<void>;
}

/**
 * @param loss the scalar to differentiate
 * @param reports further scalars to compute with it, such as its terms
 * @param tensors further values to keep of each run
 */
export async function createTrainingSession(
  weights: Weights,
  loss: Value,
  reports: Readonly<Record<string, Value>> = {},
  options: SessionOptions = {},
  tensors: Readonly<Record<string, Value>> = {},
): Promise<TrainingSession> {
  const parameters = weights.specs.map(({ value }) => value);
  const slopes = gradients(loss, parameters);
  const scalars = { loss, ...reports };
  const outputs: Record<string, Value> = { ...scalars, ...tensors };
  weights.specs.forEach(({ name }, i) => {
    outputs[`gradient:${name}`] = slopes[i];
  });
  const model = toModel(outputs, { name: "training" });
  const session = await createSession(model.bytes, { device: "cpu", name: "the training graph", ...options });
  const held = createWeights(weights.specs);
  const fetches: Record<string, Tensor | null> = {};
  for (const key of Object.keys(scalars)) fetches[key] = null;
  const kept = Object.fromEntries(
    Object.entries(tensors).map(([key, { shape }]) => [key, floatTensor(shape)] as const),
  );
  Object.assign(fetches, kept);
  for (const [name, tensor] of held.tensors) fetches[`gradient:${name}`] = tensor;
  const parameterFeeds: Record<string, Tensor> = {};
  for (const { name, value } of weights.specs) {
    if (value.source.kind === "input") parameterFeeds[value.source.name] = weights.tensors.get(name)!;
  }

  return {
    kind: "in process",
    gradient: held.flat,
    kept,
    nodes: model.nodes,
    async run(feeds) {
      const results = await session.run({ ...feeds, ...parameterFeeds }, { fetches });
      return Object.fromEntries(Object.keys(scalars).map((key) => [key, Number(results[key].data[0])]));
    },
    release: () => session.release(),
  };
}
