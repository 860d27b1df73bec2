import { SamsrError } from "../base/errors.js";
import { initialize, type ParameterSpec, type StateDict } from "../nn/index.js";
import { sizeOf } from "../onnx/index.js";
import { type FloatTensor, floatTensor } from "../runtime/index.js";

/**
 * All parameters of a network in one array, with a view for each. ONNX Runtime reads the views in place and
 * the optimiser walks the one array, so there is a single copy of the weights.
 */
export interface FlatWeights {
  readonly flat: Float32Array;
  readonly specs: readonly ParameterSpec[];
  /** Views into `flat`, by name. */
  readonly tensors: ReadonlyMap<string, FloatTensor>;
}

export function createFlatWeights(specs: readonly ParameterSpec[], flat?: Float32Array): FlatWeights {
  const total = specs.reduce((sum, { shape }) => sum + sizeOf(shape), 0);
  const held = flat ?? new Float32Array(total);
  if (held.length !== total) throw new Error(`weights: ${held.length} numbers for ${total} parameters`);
  const tensors = new Map<string, FloatTensor>();
  let offset = 0;
  for (const { name, shape } of specs) {
    const size = sizeOf(shape);
    tensors.set(name, floatTensor(shape, held.subarray(offset, offset + size)));
    offset += size;
  }
  return { flat: held, specs, tensors };
}

/** Makes new weights from the network's own initialisers. */
export function initialWeights(specs: readonly ParameterSpec[], seed: number): FlatWeights {
  const weights = createFlatWeights(specs);
  setWeights(weights, initialize(specs, seed), "initial values");
  return weights;
}

/** Copies a state dict into weights. @throws {SamsrError} when a tensor is missing or has another shape. */
export function setWeights(weights: FlatWeights, state: StateDict, name: string): void {
  for (const [key, { shape, data }] of weights.tensors) {
    const found = state.get(key);
    if (!found || String(found.shape) !== String(shape)) {
      const what = found ? `is [${found.shape}]` : "is missing";
      throw new SamsrError(`${name}: tensor "${key}" ${what}, the network needs [${shape}]`);
    }
    data.set(found.data);
  }
}
