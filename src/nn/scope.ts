/**
 * A scope turns names into parameters. A network is a function from a scope and values to a value; what the
 * scope hands out decides what the function builds: graph inputs to train, constants to run, or only a list
 * of what the network needs. Names are those of the published checkpoints, joined by dots.
 */
import { cast, constant, input, type Place, type Shape, sizeOf, stored, type Value } from "../onnx/index.js";
import type { Initializer } from "./initializers.js";

export type Resolve = (name: string, shape: Shape, initializer: Initializer) => Value;

export interface Scope {
  /** Returns the scope below `name`, which may hold dots: `p.at("in_layers.0")`. */
  at(name: string | number): Scope;
  /**
   * Returns the parameter `name` of this scope; `initializer` matters only to a network that is yet to be
   * trained.
   */
  parameter(name: string, shape: Shape, initializer: Initializer): Value;
  /** How convolutions are computed. */
  readonly convolutions: ConvolutionStrategy;
}

/**
 * How convolutions are computed, always with the same result: which is faster depends on the device and on
 * whether gradients are wanted.
 */
export interface ConvolutionStrategy {
  /**
   * Whether 3 x 3 convolutions are computed, where it pays, by Winograd's algorithm, written for training (on
   * a processor). Default false.
   */
  readonly winograd?: boolean;
}

export function createScope(resolve: Resolve, convolutions: ConvolutionStrategy = {}, path = ""): Scope {
  return {
    at: (name) => createScope(resolve, convolutions, `${path}${name}.`),
    parameter: (name, shape, initializer) => resolve(path + name, shape, initializer),
    convolutions,
  };
}

export interface ParameterSpec {
  readonly name: string;
  readonly shape: Shape;
  readonly initializer: Initializer;
  readonly value: Value;
}

/**
 * Returns a scope whose parameters are graph inputs, and the list of them in the order they were first asked
 * for. Asking twice gives the same value, so one network may be applied several times in a graph.
 * @param prefix stands before each input's name, so that two networks can share a graph.
 */
export function trainableScope(
  prefix = "",
  convolutions: ConvolutionStrategy = {},
): { scope: Scope; parameters: () => ParameterSpec[] } {
  const specs = new Map<string, ParameterSpec>();
  const scope = createScope((name, shape, initializer) => {
    const known = specs.get(name);
    if (known) {
      if (String(known.shape) !== String(shape)) {
        throw new Error(`parameter ${name}: asked for as [${known.shape}] and as [${shape}]`);
      }
      return known.value;
    }
    const spec = { name, shape, initializer, value: input(prefix + name, shape) };
    specs.set(name, spec);
    return spec.value;
  }, convolutions);
  return { scope, parameters: () => [...specs.values()] };
}

export type StateDict = ReadonlyMap<string, { readonly shape: Shape; readonly data: Float32Array }>;

/** A tensor whose numbers stay in a file (see `stored`). */
export interface StoredTensor extends Place {
  readonly shape: Shape;
  readonly type: "float32" | "float16";
}

/** Weights in memory, in a file, or some in each. */
export type Weights = ReadonlyMap<
  string,
  { readonly shape: Shape; readonly data: Float32Array } | StoredTensor
>;

/**
 * Returns a scope whose parameters are constants: those of a state dict, or tensors in a file.
 * @param prefix stands before each constant's name, so that a network may share a graph with itself in
 *   training
 * @throws {Error} naming the tensor that is missing or has another shape.
 */
export function frozenScope(tensors: Weights, prefix = ""): Scope {
  const values = new Map<string, Value>();
  return createScope((name, shape) => {
    const tensor = tensors.get(name);
    if (!tensor) throw new Error(`the weights hold no tensor "${name}" [${shape}]`);
    if (
      String(tensor.shape) !== String(shape) ||
      ("data" in tensor && tensor.data.length !== sizeOf(shape))
    ) {
      throw new Error(`tensor "${name}" is [${tensor.shape}] in the weights, the network needs [${shape}]`);
    }
    const value = values.get(name) ?? frozen(tensor, prefix + name);
    values.set(name, value);
    return value;
  });
}

function frozen(tensor: NonNullable<ReturnType<Weights["get"]>>, name: string): Value {
  if ("data" in tensor) return constant(tensor.data, tensor.shape, name);
  return cast(stored(tensor, tensor.shape, name, tensor.type), "float32");
}
