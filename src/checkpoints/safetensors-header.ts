/** The header of a safetensors file, checked before anything it says is believed. */
import { type Fail, oneLine, SamsrError } from "../base/errors.js";
import { type Shape, sizeOf } from "../onnx/index.js";
import { countJson } from "./count-json.js";
import type { NumberType } from "./number-types.js";

/** A tensor as the header tells of it; `from` and `to` are bytes of the file. */
export interface SafetensorsEntry {
  readonly name: string;
  readonly dtype: string;
  readonly shape: Shape;
  readonly from: number;
  readonly to: number;
}

/** Texts that a file holds beside its tensors. */
export type SafetensorsMetadata = Readonly<Record<string, string>>;

export interface SafetensorsHeader {
  readonly tensors: readonly SafetensorsEntry[];
  readonly metadata: SafetensorsMetadata;
}

/** The types that become float32. */
export const FLOATS: ReadonlyMap<string, NumberType> = new Map([
  ["F32", "float32"],
  ["F16", "float16"],
  ["BF16", "bfloat16"],
  ["F64", "float64"],
]);

/** The number of bytes of one number, by its type. */
const WIDTHS: ReadonlyMap<string, number> = new Map(
  Object.entries({
    ...{ F64: 8, F32: 4, F16: 2, BF16: 2 },
    ...{ I64: 8, I32: 4, I16: 2, I8: 1, U64: 8, U32: 4, U16: 2, U8: 1, BOOL: 1 },
  }),
);

/** Longer headers than these are refused before they are parsed; 20,000 tensors have 80,000 keys in 3 MB. */
const LARGEST_HEADER = 16e6;
const MOST_KEYS = 1e5;
const MOST_VALUES = 5e5;
const DEEPEST = 3;
const MOST_AXES = 64;

/**
 * Tells how long the header is, by the first eight bytes. @throws {SamsrError} when it cannot be in a file of
 * that size.
 */
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
export function readSafetensorsHeader(bytes: Uint8Array, fileSize: number, name: string): SafetensorsHeader {
  const fail = failure(name);
  const start = 8 + headerLength(bytes, fileSize, name);
  const header = parseHeader(bytes.subarray(8, start), fail);
  const tensors = header.entries.map(([key, value]) => readEntry(key, value, start, fail));
  checkKeys(header, fail);
  checkPlaces(tensors, start, fileSize, fail);
  return { tensors, metadata: header.metadata ?? {} };
}

function readEntry(key: string, value: unknown, start: number, fail: Fail): SafetensorsEntry {
  const { dtype, shape, data_offsets: offsets } = (value ?? {}) as Record<string, unknown>;
  if (!areCounts(shape) || !areCounts(offsets) || offsets.length !== 2) {
    return fail(`tensor "${key}" has no shape or no place`);
  }
  const width = WIDTHS.get(dtype as string);
  if (width === undefined) {
    return fail(`tensor "${key}" has numbers of type ${JSON.stringify(dtype)}, which are not read`);
  }
  const [from, to] = offsets;
  if (from > to) fail(`tensor "${key}" lies at ${from}..${to}, which is no place`);
  // Sides beside one of 0 are not bounded by the file, but by this.
  const extent = sizeOf(shape.map((side) => side || 1));
  if (!Number.isSafeInteger(extent) || to - from !== sizeOf(shape) * width) {
    return fail(`tensor "${key}" ${dtype} [${shape}] has ${to - from} bytes`);
  }
  return { name: key, dtype: dtype as string, shape, from: start + from, to: start + to };
}

function areCounts(values: unknown): values is number[] {
  const isCount = (v: unknown) => Number.isSafeInteger(v) && (v as number) >= 0;
  return Array.isArray(values) && values.length <= MOST_AXES && values.every(isCount);
}

/**
 * Checks where tensors lie. The format has them cover the file without overlaps, by which a small file could
 * fill the memory, and without holes, in which something else could be.
 */
function checkPlaces(tensors: readonly SafetensorsEntry[], start: number, end: number, fail: Fail): void {
  let at = start;
  for (const { name, from, to } of [...tensors].sort((a, b) => a.from - b.from || a.to - b.to)) {
    if (to > end) fail(`tensor "${name}" lies at ${from - start}..${to - start}, beyond its end`);
    if (from < at) fail(`tensor "${name}" lies where another does`);
    if (from > at) fail(`${from - at} bytes before tensor "${name}" belong to none`);
    at = to;
  }
  if (at !== end) fail(`${end - at} bytes at its end belong to no tensor`);
}

function parseHeader(bytes: Uint8Array, fail: Fail) {
  if (bytes[0] !== 0x7b) fail("its header is no object");
  const { keys, values, depth } = countJson(bytes);
  if (depth > DEEPEST) fail(`its header nests ${depth} deep`);
  if (keys > MOST_KEYS || values > MOST_VALUES) fail(`its header has ${keys} keys and ${values} values`);
  let json: Record<string, unknown>;
  try {
    json = JSON.parse(new TextDecoder("utf-8", { fatal: true }).decode(bytes));
  } catch (cause) {
    const why = cause instanceof SyntaxError ? "JSON" : "UTF-8";
    return fail(`its header is not ${why}`, cause);
  }
  const metadata = json.__metadata__;
  if (metadata !== undefined && !isObjectOfTexts(metadata)) fail("its metadata is no object of texts");
  return {
    entries: Object.entries(json).filter(([key]) => key !== "__metadata__"),
    metadata: metadata as SafetensorsMetadata | undefined,
    keys,
  };
}

/**
 * Refuses a key that stands twice: the parser has kept one of its values, and another reader may keep the
 * other.
 */
function checkKeys({ entries, metadata, keys }: ReturnType<typeof parseHeader>, fail: Fail): void {
  const inside = entries.reduce(
    (sum, [, entry]) => sum + Object.keys(entry as object).length,
    entries.length,
  );
  const kept = inside + (metadata ? 1 + Object.keys(metadata).length : 0);
  if (kept !== keys) fail("its header has a key twice, or one that has no meaning");
}

function isObjectOfTexts(value: unknown): boolean {
  const object = typeof value === "object" && value !== null && !Array.isArray(value);
  return object && Object.values(value).every((text) => typeof text === "string");
}

function failure(name: string): Fail {
  return (what, cause) => {
    throw new SamsrError(
      `${oneLine(name)}: not a whole safetensors file: ${oneLine(what)}; fetch or write it again`,
      { cause },
    );
  };
}
