import { SamsrError } from "../base/errors.js";
import type { StateDict } from "../nn/index.js";
import { fromFloat16, type Shape } from "../onnx/index.js";
import type { PthCheckpoint, PthTensor, PthValue } from "./pth.js";

/** Under which keys training programs put the state dict; a moving average before the weights it is of. */
const WRAPPERS = ["params_ema", "params", "state_dict", "model"];

/** What wrapping a module for many devices, or compiling it, leaves in front of every name. */
const PREFIXES = /^(module\.|_orig_mod\.)+/;

/** Under which name a program keeps the one network it saved; taken off only where every tensor has it. */
const OWNERS = /^(model|net|network|denoiser|autoencoder|first_stage_model|sam)\./;

/** Names and shapes of a checkpoint's tensors, buffers of whole numbers included. */
export type Shapes = ReadonlyMap<string, Shape>;

/**
 * The state dict in a checkpoint: out of its wrapper, without the prefixes of parallel and compiled modules, its
 * numbers as float32. Tensors of whole numbers and booleans (indices, counters) are left out.
 * @throws {SamsrError} when the checkpoint holds no dictionary of tensors.
 */
export function stateDictOf(checkpoint: Pick<PthCheckpoint, "name" | "root">): StateDict {
  const state = new Map<string, { shape: Shape; data: Float32Array }>();
  for (const [key, tensor] of tensorsOf(checkpoint)) {
    const data = toFloat32(tensor);
    if (data) state.set(key, { shape: tensor.shape, data });
  }
  if (state.size === 0) throw noTensors(checkpoint);
  return state;
}

/** The shapes of all tensors that `stateDictOf` would find, and of those that it leaves out. */
export function shapesOf(checkpoint: Pick<PthCheckpoint, "name" | "root">): Shapes {
  return new Map([...tensorsOf(checkpoint)].map(([key, { shape }]) => [key, shape]));
}

/**
 * The same tensors under the network's own names.
 * @throws {SamsrError} when two tensors are left with one name.
 */
export function withoutPrefixes<T>(tensors: ReadonlyMap<string, T>, name: string): Map<string, T> {
  const plain = new Map<string, T>();
  for (const [key, tensor] of tensors) {
    const short = key.replace(PREFIXES, "");
    if (plain.has(short)) {
      throw new SamsrError(`${name}: two tensors are called "${short}" once prefixes are taken off`);
    }
    plain.set(short, tensor);
  }
  const [owner] = OWNERS.exec(plain.keys().next().value ?? "") ?? [];
  if (owner === undefined || ![...plain.keys()].every((key) => key.startsWith(owner))) return plain;
  return withoutPrefixes(new Map([...plain].map(([key, t]) => [key.slice(owner.length), t])), name);
}

function tensorsOf(checkpoint: Pick<PthCheckpoint, "name" | "root">): Map<string, PthTensor> {
  const tensors = new Map<string, PthTensor>();
  for (const [key, value] of unwrap(checkpoint.root)) {
    if (typeof key === "string" && isTensor(value)) tensors.set(key, value);
  }
  if (tensors.size === 0) throw noTensors(checkpoint);
  return withoutPrefixes(tensors, checkpoint.name);
}

function noTensors({ name, root }: Pick<PthCheckpoint, "name" | "root">): SamsrError {
  if (root instanceof Map && root.has("param_groups")) {
    return new SamsrError(
      `${name}: holds the state of an optimiser, no weights; expected the checkpoint of a network`,
    );
  }
  const places = WRAPPERS.join(", ");
  return new SamsrError(`${name}: holds no dictionary of tensors; expected one, or one under ${places}`);
}

function unwrap(root: PthValue): ReadonlyMap<unknown, PthValue> {
  let dictionary = root;
  // One wrapper may hold another, but not each other in a circle.
  for (let depth = 0; depth < WRAPPERS.length && dictionary instanceof Map; depth++) {
    const outer: ReadonlyMap<unknown, PthValue> = dictionary;
    const wrapper = WRAPPERS.find((key) => outer.get(key) instanceof Map);
    if (wrapper === undefined) break;
    dictionary = outer.get(wrapper)!;
  }
  return dictionary instanceof Map ? dictionary : new Map();
}

function isTensor(value: PthValue): value is PthTensor {
  return typeof value === "object" && value !== null && "dtype" in value;
}

function toFloat32({ dtype, data }: PthTensor): Float32Array | undefined {
  switch (dtype) {
    case "float32":
      return data as Float32Array;
    case "float16":
      return fromFloat16(data as Uint16Array);
    case "float64":
      return Float32Array.from(data as Float64Array);
    case "bfloat16":
      // The upper half of a float32.
      return new Float32Array(Uint32Array.from(data as Uint16Array, (bits) => bits << 16).buffer);
    default:
      return undefined;
  }
}
