/**
 * Numbers that stay where sessions compute, from run to run: weights, an optimiser's moments, what one
 * session hands to another. Inputs and outputs of sessions are bound to them. Where the device shares this
 * process's memory they are plain arrays.
 */
import { SamsrError } from "../base/errors.js";
import { type Shape, sizeOf } from "../onnx/value.js";
import type { Device, DevicePart, DeviceTensor } from "./backend.js";
import { type BackendName, loadBackend } from "./devices.js";
import { type FloatTensor, floatTensor } from "./tensor.js";

/**
 * Places `data` where sessions of this device and backend compute, as `createSession` chooses them.
 * @throws {SamsrError} when the device is not there.
 */
export async function createDeviceTensor(
  data: Float32Array,
  { device, backend: named }: { readonly device?: Device | "auto"; readonly backend?: BackendName } = {},
): Promise<DeviceTensor> {
  const backend = await loadBackend(named, device);
  if (backend.allocate) return backend.allocate(data);
  const nothing = async () => {};
  const push = async (other?: Float32Array) => other && data.set(other);
  return { data, pull: nothing, push, stage: nothing, release: nothing };
}

/**
 * Returns the part of `tensor` from `offset` on that has this shape.
 * @throws {SamsrError} when it is longer than the tensor.
 */
export function devicePart(tensor: DeviceTensor, shape: Shape, offset = 0): DevicePart {
  if (offset + sizeOf(shape) > tensor.data.length) {
    throw new SamsrError(
      `[${shape}] from ${offset} on is no part of a device tensor of ${tensor.data.length} numbers`,
    );
  }
  return { tensor, offset, shape };
}

/** Returns the part as a tensor over the memory of this process. */
export function partHere({ tensor, offset, shape }: DevicePart): FloatTensor {
  return floatTensor(shape, tensor.data.subarray(offset, offset + sizeOf(shape)));
}
