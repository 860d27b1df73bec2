/**
 * The safetensors format (github.com/huggingface/safetensors): eight bytes with the length of a JSON header,
 * the header, then the tensors' bytes. It holds numbers and nothing that could run.
 */
import type { StateDict } from "../nn/index.js";
import { type Shape, toFloat16 } from "../onnx/index.js";
import type { ByteSource } from "./byte-source.js";
import { asNumbers, toFloat32 } from "./number-types.js";
import {
  FLOATS,
  headerLength,
  readSafetensorsHeader,
  type SafetensorsEntry,
  type SafetensorsHeader,
} from "./safetensors-header.js";

export interface Tensors {
  readonly tensors: StateDict;
  readonly metadata: Readonly<Record<string, string>>;
}

export interface SafetensorsOptions {
  /** The type in which numbers are written, float16 rounded to the nearest; default "float32". */
  readonly precision?: "float32" | "float16";
  readonly metadata?: Readonly<Record<string, string>>;
}

/**
 * Returns the bytes of a file of tensors as F32 or, at half the size, F16, in pieces: the header, then one
 * for each tensor. They lie side by side; the first starts on a multiple of 8 bytes.
 */
export function* safetensorsPieces(
  tensors: StateDict,
  options: SafetensorsOptions = {},
): Generator<Uint8Array> {
  const { precision = "float32", metadata } = options;
  const [dtype, width] = precision === "float16" ? ["F16", 2] : ["F32", 4];
  // Without a prototype, because a tensor may have any name.
  const header: Record<string, unknown> = Object.create(null);
  if (metadata) header.__metadata__ = metadata;
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

/** Writes a state dict as a safetensors file in one piece of memory. */
export function writeSafetensors(tensors: StateDict, options: SafetensorsOptions = {}): Uint8Array {
  const pieces = [...safetensorsPieces(tensors, options)];
  const out = new Uint8Array(pieces.reduce((size, { length }) => size + length, 0));
  let at = 0;
  for (const piece of pieces) {
    out.set(piece, at);
    at += piece.length;
  }
  return out;
}

/**
 * Reads F32, F16, BF16 and F64 tensors as float32; tensors of other types (indices) are left out. F32 tensors
 * are views on `bytes` where they lie on a multiple of 4.
 * @throws {SamsrError} naming `name` and what is wrong, for anything that is no whole safetensors file.
 */
export function readSafetensors(bytes: Uint8Array, name = "weights"): Tensors {
  const header = readSafetensorsHeader(bytes, bytes.length, name);
  const tensors = new Map<string, { shape: Shape; data: Float32Array }>();
  for (const entry of header.tensors) {
    const data = floats(entry, bytes.subarray(entry.from, entry.to));
    if (data) tensors.set(entry.name, { shape: entry.shape, data });
  }
  return { tensors, metadata: header.metadata };
}

/** Reads a safetensors file from a source, tensor by tensor, so that nothing is held twice. */
export async function loadSafetensors(source: ByteSource): Promise<Tensors> {
  const header = await outlineSafetensors(source);
  const tensors = new Map<string, { shape: Shape; data: Float32Array }>();
  for (const entry of header.tensors) {
    if (!FLOATS.has(entry.dtype)) continue;
    const data = floats(entry, await source.read(entry.from, entry.to - entry.from))!;
    tensors.set(entry.name, { shape: entry.shape, data });
  }
  return { tensors, metadata: header.metadata };
}

/** Reads the header alone: names, types, shapes and places. */
export async function outlineSafetensors(source: ByteSource): Promise<SafetensorsHeader> {
  const start = await source.read(0, Math.min(8, source.size));
  const length = headerLength(start, source.size, source.name);
  return readSafetensorsHeader(await source.read(0, 8 + length), source.size, source.name);
}

function floats({ dtype }: SafetensorsEntry, bytes: Uint8Array): Float32Array | undefined {
  const type = FLOATS.get(dtype);
  return type && toFloat32(type, asNumbers(type, bytes));
}
