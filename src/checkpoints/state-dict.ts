import { SamsrError } from "../base/errors.js";
import type { StateDict } from "../nn/index.js";
import { fromFloat16 } from "../onnx/index.js";
import type { PthCheckpoint, PthTensor, PthValue } from "./pth.js";

/** Under which keys training programs put the state dict; a moving average before the weights it is of. */
const WRAPPERS = ["params_ema", "params", "state_dict", "model"];

/** What wrapping a module for many devices, or compiling it, leaves in front of every name. */
const PREFIXES = /^(module\.|_orig_mod\.)+/;

/**
 * The state dict in a checkpoint: out of its wrapper, without the prefixes of parallel and compiled modules, its
 * numbers as float32. Tensors of whole numbers and booleans (indices, counters) are left out.
 * @throws {SamsrError} when the checkpoint holds no dictionary of tensors.
 */
export function stateDictOf({ name, root }: Pick<PthCheckpoint, "name" | "root">): StateDict {
  const state = new Map<string, { shape: readonly number[]; data: Float32Array }>();
  for (const [key, value] of unwrap(root)) {
    if (typeof key !== "string" || !isTensor(value)) continue;
    const data = toFloat32(value);
    if (!data) continue;
    const plain = key.replace(PREFIXES, "");
    if (state.has(plain)) {
      throw new SamsrError(`${name}: two tensors are called "${plain}" once prefixes are taken off`);
    }
    state.set(plain, { shape: value.shape, data });
  }
  if (state.size === 0) {
    const places = WRAPPERS.join(", ");
    throw new SamsrError(`${name}: holds no dictionary of tensors; expected one, or one under ${places}`);
  }
  return state;
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
