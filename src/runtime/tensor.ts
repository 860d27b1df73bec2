import { SamsrError } from "../base/errors.js";
import { type DataType, type Shape, sizeOf } from "../onnx/index.js";

/** The arrays that a tensor's numbers lie in. */
export type TensorData = Float32Array | Uint16Array | BigInt64Array | Int32Array | Uint8Array;

/**
 * Numbers with a shape, row-major. Numbers of type float16 are kept as bit patterns in a Uint16Array (see
 * `toFloat16`), of type bool as a Uint8Array of 0 and 1.
 */
export interface Tensor {
  readonly type: DataType;
  readonly shape: Shape;
  readonly data: TensorData;
}

/** A tensor of type float32. */
export type FloatTensor = Tensor & { readonly data: Float32Array };

/** Makes a float32 tensor over `data`, or of zeros where there is none. */
export function floatTensor(shape: Shape, data: Float32Array = new Float32Array(sizeOf(shape))): FloatTensor {
  return { type: "float32", shape, data };
}

const ARRAYS = {
  float32: Float32Array,
  float16: Uint16Array,
  int64: BigInt64Array,
  int32: Int32Array,
  uint8: Uint8Array,
  bool: Uint8Array,
} as const satisfies Record<DataType, unknown>;

/**
 * Checks what a typed caller cannot get wrong and a buffer easily can: type and length of the array.
 * @throws {SamsrError} naming `what`
 */
export function checkTensor(what: string, tensor: Tensor): void {
  const expected = ARRAYS[tensor.type];
  if (!expected) {
    throw new SamsrError(
      `${what}: unknown type "${tensor.type}", expected ${Object.keys(ARRAYS).join(", ")}`,
    );
  }
  if (!(tensor.data instanceof expected)) {
    throw new SamsrError(`${what}: ${tensor.type} data belong in a ${expected.name}`);
  }
  if (tensor.data.length !== sizeOf(tensor.shape)) {
    throw new SamsrError(
      `${what}: shape [${tensor.shape}] needs ${sizeOf(tensor.shape)} numbers, got ${tensor.data.length}`,
    );
  }
  if (typeof SharedArrayBuffer !== "undefined" && tensor.data.buffer instanceof SharedArrayBuffer) {
    throw new SamsrError(`${what}: ONNX Runtime does not read shared memory, copy the data out first`);
  }
}

/** Makes a tensor of `type` over memory that may come as another view of the same bits (Float16Array). */
export function asTensor(type: string, shape: readonly number[], data: ArrayBufferView): Tensor {
  const array = ARRAYS[type as DataType];
  if (!array)
    throw new SamsrError(`ONNX Runtime gave a tensor of type "${type}", which samsr has no use for`);
  if (data instanceof array) return { type: type as DataType, shape, data };
  const length = data.byteLength / array.BYTES_PER_ELEMENT;
  return {
    type: type as DataType,
    shape,
    data: new array(data.buffer as ArrayBuffer, data.byteOffset, length),
  };
}
