/**
 * The safetensors format (github.com/huggingface/safetensors): eight bytes with the length of a JSON header, the
 * header, then the tensors' bytes. It holds numbers and nothing that could run.
 */
import { SamsrError } from "../base/errors.js";
import type { StateDict } from "../nn/index.js";
import { fromFloat16, type Shape, sizeOf, toFloat16 } from "../onnx/index.js";

export interface Tensors {
  readonly tensors: StateDict;
  readonly metadata: Readonly<Record<string, string>>;
}

/** Longer headers than this are refused before they are parsed. */
const LARGEST_HEADER = 100e6;

interface Entry {
  readonly dtype: string;
  readonly shape: number[];
  readonly data_offsets: [number, number];
}

export interface WriteOptions {
  /** default "float32" */
  readonly precision?: "float32" | "float16";
  readonly metadata?: Readonly<Record<string, string>>;
}

/**
 * The bytes of a file of tensors as F32 or, at half the size, F16, in pieces: the header, then one for each tensor. They
 * lie side by side; the first starts on a multiple of 8 bytes.
 */
export function* safetensorsPieces(tensors: StateDict, options: WriteOptions = {}): Generator<Uint8Array> {
  const { precision = "float32", metadata } = options;
  const [dtype, width] = precision === "float16" ? ["F16", 2] : ["F32", 4];
  const header: Record<string, unknown> = metadata ? { __metadata__: metadata } : {};
  let offset = 0;
  for (const [name, { shape, data }] of tensors) {
    const end = offset + width * data.length;
    header[name] = { dtype, shape, data_offsets: [offset, end] };
    offset = end;
  }
  const json = new TextEncoder().encode(JSON.stringify(header));
  const start = new Uint8Array(8 + Math.ceil(json.length / 8) * 8).fill(0x20, 8);
  new DataView(start.buffer).setBigUint64(0, BigInt(start.length - 8), true);
  start.set(json, 8);
  yield start;
  for (const { data } of tensors.values()) {
    const stored = precision === "float16" ? toFloat16(data) : data;
    yield new Uint8Array(stored.buffer, stored.byteOffset, stored.byteLength);
  }
}

/** The same file in one piece. */
export function writeSafetensors(tensors: StateDict, options: WriteOptions = {}): Uint8Array {
  const pieces = [...safetensorsPieces(tensors, options)];
  const out = new Uint8Array(pieces.reduce((size, { length }) => size + length, 0));
  let at = 0;
  for (const piece of pieces) {
    out.set(piece, at);
    at += piece.length;
  }
  return out;
}

/** A tensor as the header tells of it; `from` and `to` are bytes of the file. */
export interface SafetensorsEntry {
  readonly name: string;
  readonly dtype: string;
  readonly shape: Shape;
  readonly from: number;
  readonly to: number;
}

/** How long the header is, by the first eight bytes. @throws {SamsrError} when it cannot be in a file of that size. */
export function headerLength(bytes: Uint8Array, fileSize: number, name: string): number {
  const fail = failure(name);
  if (bytes.length < 8) fail(`it has ${bytes.length} bytes`);
  const length = new DataView(bytes.buffer, bytes.byteOffset, 8).getBigUint64(0, true);
  if (length > BigInt(Math.min(fileSize - 8, LARGEST_HEADER))) {
    fail(`its header claims ${length} bytes of ${fileSize}`);
  }
  return Number(length);
}

/**
 * Reads the header, without a tensor.
 * @param bytes the file's beginning, the whole header at least
 * @throws {SamsrError} naming `name` and what is wrong with it.
 */
export function readSafetensorsHeader(bytes: Uint8Array, fileSize: number, name: string) {
  const fail = failure(name);
  const start = 8 + headerLength(bytes, fileSize, name);
  const { entries, metadata } = parseHeader(bytes.subarray(8, start), fail);
  let claimed = 0;
  const tensors = Object.entries(entries).map(([key, entry]): SafetensorsEntry => {
    const { dtype, shape, data_offsets: offsets } = entry ?? {};
    const whole = (v: unknown): v is number => Number.isSafeInteger(v) && (v as number) >= 0;
    if (!Array.isArray(shape) || !shape.every(whole) || !Array.isArray(offsets) || !offsets.every(whole)) {
      return fail(`tensor "${key}" has no shape or no place`);
    }
    const [from, to] = offsets;
    if (from > to || start + to > fileSize) fail(`tensor "${key}" lies at ${from}..${to}, beyond its end`);
    // Tensors that share bytes would let a small file fill the memory; the format has them lie side by side.
    claimed += to - from;
    if (claimed > fileSize - start) fail(`tensor "${key}" lies where another does`);
    const width = WIDTHS[dtype];
    if (width !== undefined && to - from !== sizeOf(shape) * width) {
      fail(`tensor "${key}" [${shape}] has ${to - from} bytes`);
    }
    return { name: key, dtype, shape, from: start + from, to: start + to };
  });
  return { tensors, metadata };
}

/** Bytes of a number, of the types that become float32. */
const WIDTHS: Readonly<Record<string, number | undefined>> = { F32: 4, F16: 2, F64: 8 };

/**
 * Reads F32, F16 and F64 tensors as float32; tensors of other types (indices) are left out.
 * @throws {SamsrError} naming `name` and what is wrong, for anything that is no whole safetensors file.
 */
export function readSafetensors(bytes: Uint8Array, name = "weights"): Tensors {
  const header = readSafetensorsHeader(bytes, bytes.length, name);
  const tensors = new Map<string, { shape: Shape; data: Float32Array }>();
  for (const { name: key, dtype, shape, from, to } of header.tensors) {
    if (WIDTHS[dtype] === undefined) continue;
    // A copy: the tensor may start at an odd place of the file, and outlives it. (A Buffer's own slice is a view.)
    const data = Uint8Array.prototype.slice.call(bytes, from, to).buffer as ArrayBuffer;
    tensors.set(key, { shape, data: toFloat32(dtype, data) });
  }
  return { tensors, metadata: header.metadata };
}

function failure(name: string): (what: string) => never {
  return (what) => {
    throw new SamsrError(`${name}: not a whole safetensors file: ${what}; fetch or write it again`);
  };
}

function toFloat32(dtype: string, data: ArrayBuffer): Float32Array {
  if (dtype === "F16") return fromFloat16(new Uint16Array(data));
  if (dtype === "F64") return Float32Array.from(new Float64Array(data));
  return new Float32Array(data);
}

function parseHeader(bytes: Uint8Array, fail: (what: string) => never) {
  let json: unknown;
  try {
    json = JSON.parse(new TextDecoder("utf-8", { fatal: true }).decode(bytes));
  } catch {
    return fail("its header is not JSON");
  }
  if (typeof json !== "object" || json === null || Array.isArray(json))
    return fail("its header is no object");
  const { __metadata__: metadata = {}, ...entries } = json as Record<string, unknown>;
  if (typeof metadata !== "object" || metadata === null || Array.isArray(metadata))
    return fail("its metadata is no object");
  return { metadata: metadata as Record<string, string>, entries: entries as Record<string, Entry> };
}
