/** The types of numbers that weights are kept in. */
import { fromFloat16 } from "../onnx/index.js";

const ARRAYS = {
  float32: Float32Array,
  float16: Uint16Array,
  bfloat16: Uint16Array,
  float64: Float64Array,
  int64: BigInt64Array,
  int32: Int32Array,
  uint8: Uint8Array,
  bool: Uint8Array,
} as const;

export type NumberType = keyof typeof ARRAYS;
/** Half-precision numbers are kept as bit patterns, booleans as bytes of 0 and 1. */
export type NumberData = InstanceType<(typeof ARRAYS)[NumberType]>;

/** Returns the bytes of one number. */
export function bytesPerNumber(type: NumberType): number {
  return ARRAYS[type].BYTES_PER_ELEMENT;
}

export function emptyArray(type: NumberType, length: number): NumberData {
  return new ARRAYS[type](length);
}

/**
 * Reads little-endian bytes as numbers: the same memory where they lie on a multiple of their width, else a
 * copy.
 */
export function asNumbers(type: NumberType, bytes: Uint8Array): NumberData {
  const array = ARRAYS[type];
  const width = array.BYTES_PER_ELEMENT;
  // A Buffer's own slice would be a view.
  const { buffer, byteOffset, byteLength } =
    bytes.byteOffset % width === 0 ? bytes : Uint8Array.prototype.slice.call(bytes);
  return new array(buffer as ArrayBuffer, byteOffset, byteLength / width);
}

export function isFloat(type: NumberType): boolean {
  return type.includes("float");
}

/** Returns the numbers as float32, float32 itself as it is; undefined for whole numbers and booleans. */
export function toFloat32(type: NumberType, data: NumberData): Float32Array | undefined {
  switch (type) {
    case "float32":
      return data as Float32Array;
    case "float16":
      return fromFloat16(data as Uint16Array);
    case "float64":
      return new Float32Array(data as Float64Array);
    case "bfloat16": {
      // The upper half of a float32.
      const bits = new Uint32Array(data.length);
      for (let i = 0; i < data.length; i++) bits[i] = (data as Uint16Array)[i] << 16;
      return new Float32Array(bits.buffer);
    }
    default:
      return undefined;
  }
}
