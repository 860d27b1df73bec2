/**
 * Reference fixtures live beside the repository, in a folder a stranger's clone does not have.
 * Tests that need them stand in `describe.skipIf(!hasShared)` and say so in one line.
 */
import { existsSync, readFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { fromFloat16 } from "../src/onnx/index.js";

const root = join(dirname(fileURLToPath(import.meta.url)), "..", "..", "shared");

/** True when the reference fixtures are there. */
export const hasShared = existsSync(join(root, "reference"));

/** True when the small hostile and everyday input files are there. */
export const hasCases = existsSync(join(root, "cases"));

/** Path of a file in the folder of fixtures and photos. */
export function sharedPath(...parts: string[]): string {
  return join(root, ...parts);
}

export interface TestTensor {
  shape: number[];
  data: Float32Array | Float64Array | BigInt64Array | Int32Array | Uint8Array;
}

/** Reads a `.safetensors` file: a length, a JSON header, then the tensors, little-endian. For tests only. */
export function readSafetensors(path: string): {
  tensors: Map<string, TestTensor>;
  metadata: Record<string, string>;
} {
  const file = readFileSync(path);
  const headerLength = Number(file.readBigUInt64LE(0));
  const header = JSON.parse(file.subarray(8, 8 + headerLength).toString("utf8"));
  const metadata: Record<string, string> = header.__metadata__ ?? {};
  const types = {
    F32: Float32Array,
    F64: Float64Array,
    F16: Uint16Array,
    I64: BigInt64Array,
    I32: Int32Array,
    U8: Uint8Array,
    BOOL: Uint8Array,
  };
  const tensors = new Map<string, TestTensor>();
  for (const [name, entry] of Object.entries<{ dtype: string; shape: number[]; data_offsets: number[] }>(
    header,
  )) {
    if (name === "__metadata__") continue;
    const type = types[entry.dtype as keyof typeof types];
    if (!type) throw new Error(`${path}: ${name} has type ${entry.dtype}, which this reader does not know`);
    const [start, end] = entry.data_offsets;
    const bytes = new Uint8Array(file.subarray(8 + headerLength + start, 8 + headerLength + end)); // a copy: aligned
    const data = new type(bytes.buffer);
    tensors.set(name, { shape: entry.shape, data: data instanceof Uint16Array ? fromFloat16(data) : data });
  }
  return { tensors, metadata };
}

/**
 * The largest |a - b| of two arrays of the same length; Infinity when the lengths differ or a NaN turns up.
 */
export function maxDifference(a: ArrayLike<number>, b: ArrayLike<number>): number {
  if (a.length !== b.length) return Number.POSITIVE_INFINITY;
  let largest = 0;
  for (let i = 0; i < a.length; i++) {
    const difference = Math.abs(a[i] - b[i]);
    if (!(difference <= largest)) largest = Number.isNaN(difference) ? Number.POSITIVE_INFINITY : difference;
  }
  return largest;
}
