/**
 * Training where weights and the optimiser's moments stay on the device: forward, backward and the step are one graph, and
 * what passes between is a batch one way and a few scalars the other. For devices that are fast beside the way to them.
 */
import * as o from "../onnx/index.js";
import {
  createSession,
  type FloatTensor,
  floatTensor,
  type SessionOptions,
  type Tensor,
} from "../runtime/index.js";
import { adamGraph, CARRIED, carriedInputs, RATES, type Rates } from "./adam-graph.js";
import type { TrainingState } from "./checkpoint.js";
import type { Weights } from "./weights.js";

export interface ResidentSession {
  readonly kind: "resident";
  /** Tensors asked for beside the scalars; each run overwrites them. */
  readonly kept: Readonly<Record<string, FloatTensor>>;
  /** Nodes of the graph. */
  readonly nodes: number;
  /** A micro-batch, and the step if it is the last of one. @returns the reported scalars, and `norm`, the gradient's length */
  step(feeds: Readonly<Record<string, Tensor>>, rates: Rates): Promise<Record<string, number>>;
  /** Takes over the arrays of a state, at the next step. */
  write(state: TrainingState): void;
  /** Writes what the device has into the arrays of a state: after the last step, or what is still to be taken over. */
  read(state: TrainingState): Promise<void>;
  release(): Promise<void>;
}

/** The output that becomes a carried input's next value. */
const nextOf = (name: string) => `next:${name}`;

/** @param options of a device that can carry inputs; see `createTrainingSession` for the others */
export async function createResidentSession(
  weights: Weights,
  loss: o.Value,
  reports: Readonly<Record<string, o.Value>>,
  options: SessionOptions,
  tensors: Readonly<Record<string, o.Value>> = {},
): Promise<ResidentSession> {
  const { specs } = weights;
  const size = weights.flat.length;
  const parameters = specs.map(({ value }) => value);
  const carried = carriedInputs(size);
  // The parameters are parts of the one array.
  const sizes = specs.map(({ shape }) => o.sizeOf(shape));
  const parts = o.split(carried.weights, sizes, 0).map((part, i) => o.reshape(part, specs[i].shape));
  const scalars = { loss, ...reports };
  const slopes = o.gradients(loss, parameters);
  const flat = o.concat(
    slopes.map((slope) => o.reshape(slope, [-1])),
    0,
  );
  const inPlace = new Map(parameters.map((parameter, i) => [parameter, parts[i]]));
  const { gradient, ...reported } = o.rewrite(
    { ...scalars, ...tensors, gradient: flat },
    () => undefined,
    inPlace,
  );
  const { next, norm } = adamGraph(carried, gradient);
  const outputs: Record<string, o.Value> = { ...reported, norm };
  for (const name of CARRIED) outputs[nextOf(name)] = next[name];

  const model = o.toModel(outputs, { name: "training" }, Object.values(carried));
  const session = await createSession(model.bytes, {
    name: "the training graph",
    ...options,
    carried: Object.fromEntries(CARRIED.map((name) => [name, nextOf(name)])),
  });
  const kept = Object.fromEntries(
    Object.entries(tensors).map(([key, { shape }]) => [key, floatTensor(shape)] as const),
  );
  const names = [...Object.keys(scalars), "norm"];
  const fetches: Record<string, Tensor | null> = { ...kept };
  for (const key of names) fetches[key] = null;
  const vector = (data: Float32Array) => floatTensor([size], data);
  const arraysOf = ({ weights, average, adam }: TrainingState) => ({
    weights: vector(weights.flat),
    average: vector(average),
    first: vector(adam.first),
    second: vector(adam.second),
    sum: vector(new Float32Array(size)),
  });
  let pending: Record<string, Tensor> | undefined;
  let last: Readonly<Record<string, Tensor>> | undefined;

  const run = (feeds: Readonly<Record<string, Tensor>>, rates: Rates, wanted: typeof fetches) => {
    const given = { ...feeds, ...pending };
    for (const name of RATES) given[name] = floatTensor([], Float32Array.of(rates[name]));
    pending = undefined;
    return session.run(given, { fetches: wanted });
  };
  return {
    kind: "resident",
    kept,
    nodes: model.nodes,
    async step(feeds, rates) {
      last = feeds;
      const results = await run(feeds, rates, fetches);
      return Object.fromEntries(names.map((key) => [key, Number(results[key].data[0])]));
    },
    write(state) {
      pending = arraysOf(state);
    },
    async read(state) {
      if (pending || !last) return;
      const { sum, ...arrays } = arraysOf(state);
      const wanted = Object.fromEntries(Object.entries(arrays).map(([name, array]) => [nextOf(name), array]));
      // A run that takes no step leaves everything as it is but the sum, which the next step begins anew.
      await run(last, IDLE, wanted);
    },
    release: () => session.release(),
  };
}

const IDLE: Rates = {
  ...{ rate: 0, correction: 1, keep: 1, share: 0, limit: 1, fraction: 0, begin: 1, apply: 0 },
};
