/**
 * A network in training: its weights, the optimiser's moments and the graphs that change them, on whichever
 * device. All of it stays there from step to step; what passes between is a batch one way and a few scalars
 * the other.
 */
import type { ConvolutionStrategy, ParameterSpec } from "../nn/index.js";
import * as o from "../onnx/index.js";
import {
  createDeviceTensor,
  createSession,
  type DevicePart,
  type DeviceTensor,
  devicePart,
  floatTensor,
  type SessionOptions,
  type Tensor,
} from "../runtime/index.js";
import { BETAS, type Betas, type StepSettings } from "./adamw.js";
import type { TrainingState } from "./checkpoint.js";
import { createDeviceTensors, type DeviceTensors } from "./device-tensors.js";
import { createOptimiser } from "./optimiser.js";

interface TrainingGraph {
  /** The scalar to differentiate. */
  readonly loss: o.Value;
  /** Further scalars to compute with it, such as its terms. */
  readonly reports?: Readonly<Record<string, o.Value>>;
  /** Further outputs, for other sessions: `bound` of the options says where they go. */
  readonly outputs?: Readonly<Record<string, o.Value>>;
}

interface TrainingOptions extends SessionOptions {
  /** Micro-batches whose gradients are averaged into one step; default 1. */
  readonly accumulate?: number;
  readonly betas?: Betas;
}

export interface TrainingSession {
  /**
   * The arrays in this process; on a device with memory of its own as old as the last `pull` or `push`, but
   * for the step.
   */
  readonly state: TrainingState;
  /** The weights by their parameters' names, for other sessions on the device to be bound to. */
  readonly parameters: Readonly<Record<string, DevicePart>>;
  /** Nodes of the graph that computes the gradient. */
  readonly nodes: number;
  /** The gradient of the last micro-batch, laid out as the weights are; pull it before it is read here. */
  readonly gradient: DeviceTensor;
  /** The inputs of the graph that are neither parameters nor bound elsewhere: what a micro-batch brings. */
  readonly inputs: DeviceTensors;
  /**
   * Computes loss and gradient of the micro-batch that lies in the inputs.
   * @param place which of the step's micro-batches it is, from 0
   * @returns the loss and the reported scalars
   */
  backward(place?: number): Promise<Record<string, number>>;
  /**
   * Takes a step along the gradient of the last micro-batches.
   * @returns the gradient's length before it was clipped
   */
  update(settings: StepSettings): Promise<number>;
  /** Brings the state's arrays up to date with the device. */
  pull(): Promise<void>;
  /** Brings the device up to date with the state's arrays, which were changed from outside. */
  push(): Promise<void>;
  release(): Promise<void>;
}

/**
 * Tells how a network that is trained on this device had best be written. GPUs have convolutions of their
 * own.
 */
export function convolutionStrategyOn({ device = "cpu" }: SessionOptions = {}): ConvolutionStrategy {
  return { winograd: device === "cpu" };
}

/**
 * Creates three graphs over one set of device tensors: loss and gradient, the sum over micro-batches where a
 * step has several, and the optimiser.
 * @throws {SamsrError} when the device is not there.
 */
export async function createTrainingSession(
  state: TrainingState,
  { loss, reports = {}, outputs = {} }: TrainingGraph,
  { accumulate = 1, betas = BETAS, bound, ...more }: TrainingOptions = {},
): Promise<TrainingSession> {
  const options = { device: "cpu", ...more } as const;
  const { specs, flat } = state.weights;
  const place = (data: Float32Array) => createDeviceTensor(data, options);
  const moments = {
    weights: await place(flat),
    average: await place(state.average),
    first: await place(state.adam.first),
    second: await place(state.adam.second),
  };
  const gradient = await place(new Float32Array(flat.length));
  const parameters = partsOf(specs, moments.weights);
  const slopes = o.gradients(
    loss,
    specs.map(({ value }) => value),
  );
  const scalars = { loss, ...reports };
  const slopeOf = Object.fromEntries(specs.map(({ name }, i) => [gradientOf(name), slopes[i]]));
  const model = o.toModel({ ...scalars, ...outputs, ...slopeOf }, { name: "training" });
  const slopeParts = renamed(partsOf(specs, gradient), gradientOf);
  const inputOf = ({ name, value: { source } }: ParameterSpec) =>
    [source.kind === "input" ? source.name : name, parameters[name]] as const;
  const held = { ...bound, ...Object.fromEntries(specs.map(inputOf)), ...slopeParts };
  const brought = Object.entries(o.inputShapes([loss, ...Object.values({ ...reports, ...outputs })]));
  const inputs = await createDeviceTensors(
    Object.fromEntries(brought.filter(([name]) => !(name in held))),
    options,
  );
  const both = await createSession(model.bytes, {
    name: "the training graph",
    ...options,
    bound: { ...held, ...inputs.bound },
  });
  const mean = accumulate > 1 ? await createMean(gradient, accumulate, options) : undefined;
  const optimiser = await createOptimiser(moments, mean?.tensor ?? gradient, betas, options);
  const names = Object.keys(scalars);

  return {
    state,
    parameters,
    gradient,
    inputs,
    nodes: model.nodes,
    async backward(place = 0) {
      const results = await both.run({}, { fetches: names });
      await mean?.add(place === 0);
      return Object.fromEntries(names.map((key) => [key, Number(results[key].data[0])]));
    },
    async update(settings) {
      return optimiser.step(++state.adam.step, settings);
    },
    async pull() {
      for (const tensor of Object.values(moments)) await tensor.pull();
    },
    async push() {
      for (const tensor of Object.values(moments)) await tensor.push();
    },
    async release() {
      for (const part of [both, optimiser, mean, inputs, gradient, ...Object.values(moments)]) {
        await part?.release();
      }
    },
  };
}

const gradientOf = (name: string) => `gradient:${name}`;

/** Creates the mean of the gradients of so many micro-batches, in a tensor of its own. */
async function createMean(gradient: DeviceTensor, count: number, options: SessionOptions) {
  const shape = [gradient.data.length];
  const tensor = await createDeviceTensor(new Float32Array(gradient.data.length), options);
  const part = o.mul(o.input("gradient", shape), 1 / count);
  const sum = o.input("sum", shape);
  // Not sum * 0: what is not finite must not outlive its step.
  const next = o.where(o.greater(o.input("first", []), 0.5), part, o.add(sum, part));
  const held = devicePart(tensor, shape);
  const session = await createSession(o.toModel({ next }, { name: "mean" }).bytes, {
    name: "the mean of gradients",
    ...options,
    bound: { gradient: devicePart(gradient, shape), sum: held, next: held },
  });
  return {
    tensor,
    async add(first: boolean) {
      await session.run({ first: scalar(first ? 1 : 0) });
    },
    async release() {
      await session.release();
      await tensor.release();
    },
  };
}

function scalar(value: number): Tensor {
  return floatTensor([], Float32Array.of(value));
}

/** Returns each parameter's place in a flat tensor of all. */
function partsOf(specs: readonly ParameterSpec[], tensor: DeviceTensor): Record<string, DevicePart> {
  let offset = 0;
  return Object.fromEntries(
    specs.map(({ name, shape }) => {
      const part = devicePart(tensor, shape, offset);
      offset += o.sizeOf(shape);
      return [name, part];
    }),
  );
}

function renamed<T>(
  values: Readonly<Record<string, T>>,
  rename: (name: string) => string,
): Record<string, T> {
  return Object.fromEntries(Object.entries(values).map(([name, value]) => [rename(name), value]));
}
