/**
 * The few Python names that a checkpoint of tensors needs. A storage is flat memory of one number type, kept
 * as an entry of the archive; a tensor is a window on a storage: offset, shape, and a stride for each axis,
 * all counted in numbers. Several tensors may look at one storage.
 */

import type { Fail } from "../base/errors.js";
import { sizeOf } from "../onnx/index.js";
import { bytesPerNumber, emptyArray, type NumberData, type NumberType } from "./number-types.js";
import { Opaque, type PickleFunction, setItem } from "./pickle.js";

/** A type of storages, an object of its own so that no text of the file can pass for it. */
class StorageType {
  constructor(readonly dtype: NumberType) {}
}

const STORAGES = new Map(
  Object.entries<NumberType>({
    FloatStorage: "float32",
    HalfStorage: "float16",
    BFloat16Storage: "bfloat16",
    DoubleStorage: "float64",
    LongStorage: "int64",
    IntStorage: "int32",
    ByteStorage: "uint8",
    BoolStorage: "bool",
  }).map(([name, dtype]) => [name, new StorageType(dtype)]),
);

export interface PthTensor {
  readonly shape: readonly number[];
  readonly dtype: NumberType;
  /** Row-major. Tensors that share a storage in the file may share memory here. */
  readonly data: NumberData;
}

/** Flat memory that stays in the file until it is asked for. */
export class Storage {
  constructor(
    readonly dtype: NumberType,
    readonly key: string,
    readonly length: number,
  ) {}
}

/** A storage that is a part of another one, as files from before version 0.4 have them. */
class StoragePart {
  constructor(
    readonly storage: Storage,
    readonly offset: number,
    readonly length: number,
  ) {}
}

/** A window on a storage, checked to lie inside: a tensor whose numbers are still in the file. */
export class TensorView {
  constructor(
    readonly storage: Storage,
    readonly offset: number,
    readonly shape: readonly number[],
    readonly stride: readonly number[],
  ) {}

  get dtype(): NumberType {
    return this.storage.dtype;
  }

  /** Returns the place behind the last number of the storage that a view looks at. */
  get extent(): number {
    if (sizeOf(this.shape) === 0) return this.offset;
    return this.shape.reduce((last, side, axis) => last + (side - 1) * this.stride[axis], this.offset) + 1;
  }
}

/** The largest pickle that is read, in bytes; one of 10,000 tensors has half of it. */
export const LARGEST_PICKLE = 4e6;

const MOST_AXES = 64;
const MOST_PAIRS = 1e6;

interface TensorWorld {
  readonly global: (name: string) => unknown;
  readonly persistent: (id: unknown) => unknown;
  /** Every storage the pickle has named so far, by its key. */
  readonly storages: ReadonlyMap<string, Storage>;
}

/** Returns the world in which the pickle of a checkpoint is read. */
export function tensorWorld(fail: Fail): TensorWorld {
  const storages = new Map<string, Storage>();
  let pairsLeft = MOST_PAIRS;

  const orderedDict: PickleFunction = ([pairs = []]) => {
    const damaged = "an ordered dictionary is damaged";
    if (!Array.isArray(pairs) || (pairsLeft -= pairs.length) < 0) return fail(damaged);
    const map = new Map<unknown, unknown>();
    for (const pair of pairs) {
      if (!Array.isArray(pair) || pair.length !== 2) fail(damaged);
      setItem(map, pair[0], pair[1], fail);
    }
    return map;
  };
  const rebuildTensor: PickleFunction = ([memory, offset, shape, stride]) => {
    if (memory instanceof StoragePart) {
      const { storage, offset: before, length } = memory;
      const view = rebuildTensor([storage, isCount(offset) ? before + offset : offset, shape, stride]);
      const { extent } = view as TensorView;
      return extent <= before + length ? view : fail("a tensor reaches beyond its part of a storage");
    }
    if (!(memory instanceof Storage)) return fail("a tensor has no storage");
    const storage = memory;
    if (!isCount(offset) || !areCounts(shape) || !areCounts(stride) || shape.length !== stride.length) {
      return fail("the shape of a tensor is damaged");
    }
    const size = sizeOf(shape);
    // Sides beside one of 0 are not bounded by the storage, but by this.
    const extent = sizeOf(shape.map((side) => side || 1));
    const last = shape.reduce((sum, side, axis) => sum + (side - 1) * stride[axis], offset);
    const inside = size > 0 ? isCount(last) && last < storage.length : offset <= storage.length;
    if (!isCount(extent) || !inside) {
      return fail(`a tensor [${shape}] reaches beyond its storage of ${storage.length} numbers`);
    }
    // Copies: the lists are the pickle's, and what has been checked must not change.
    return new TensorView(storage, offset, [...shape], [...stride]);
  };
  const rebuildParameter: PickleFunction = ([tensor]) =>
    tensor instanceof TensorView ? tensor : fail("a parameter has no tensor");
  const functions = new Map<string, PickleFunction>([
    ["collections.OrderedDict", orderedDict],
    ["torch._utils._rebuild_tensor", rebuildTensor],
    ["torch._utils._rebuild_tensor_v2", rebuildTensor],
    ["torch._utils._rebuild_parameter", rebuildParameter],
  ]);

  const global = (name: string): unknown => {
    const [, storage] = /^torch\.(\w+Storage)$/.exec(name) ?? [];
    if (!storage) return functions.get(name) ?? new Opaque(name);
    return STORAGES.get(storage) ?? fail(`it holds numbers of a type that is not read, torch.${storage}`);
  };
  /**
   * Storages are named ("storage", type, key, device, length), and before version 1.6 also by what part of it
   * is meant: (key of the part, offset, length), or none. A class may stand there with its source, ("module",
   * class, ...).
   */
  const persistent = (id: unknown): unknown => {
    const [kind, type, key, , length, part] = Array.isArray(id) ? id : [];
    if (kind === "module" && type instanceof Opaque) return type;
    if (kind !== "storage" || !(type instanceof StorageType) || typeof key !== "string" || !isCount(length)) {
      return fail("the name of a storage is damaged");
    }
    const storage = storages.get(key) ?? new Storage(type.dtype, key, length);
    if (storage.dtype !== type.dtype || storage.length !== length) {
      return fail(`storage ${key} is named with two types or lengths`);
    }
    storages.set(key, storage);
    if (part === undefined || part === null) return storage;
    const [, offset, count] = Array.isArray(part) ? part : [];
    if (!isCount(offset) || !isCount(count) || offset + count > length)
      return fail("the part of a storage is damaged");
    return new StoragePart(storage, offset, count);
  };
  return { global, persistent, storages };
}

/** Tells whether it is a part of a tensor, which cannot stand alone. */
export function isPart(value: unknown): boolean {
  return (
    typeof value === "function" ||
    value instanceof Storage ||
    value instanceof StoragePart ||
    value instanceof StorageType
  );
}

function isCount(value: unknown): value is number {
  return Number.isSafeInteger(value) && (value as number) >= 0;
}

function areCounts(values: unknown): values is number[] {
  return Array.isArray(values) && values.length <= MOST_AXES && values.every(isCount);
}

/**
 * Returns the numbers of a view in row-major order: the storage's own memory where they lie so, else a copy.
 */
export function layOut({ shape, stride, offset, dtype }: TensorView, whole: NumberData): NumberData {
  const size = sizeOf(shape);
  if (isRowMajor(shape, stride)) return whole.subarray(offset, offset + size);
  const data = emptyArray(dtype, size);
  // Counts through the indices like an odometer, keeping the place in the storage beside it.
  const index = shape.map(() => 0);
  let from = offset;
  for (let to = 0; to < size; to++) {
    data[to] = whole[from];
    for (let axis = shape.length - 1; axis >= 0; axis--) {
      from += stride[axis];
      if (++index[axis] < shape[axis]) break;
      from -= stride[axis] * shape[axis];
      index[axis] = 0;
    }
  }
  return data;
}

/**
 * Returns the bytes of the file's type that a view takes beside its storage: as a copy in row-major order, or
 * as float32.
 */
export function copySize({ shape, stride, dtype }: TensorView): number {
  const converted = dtype === "float16" || dtype === "bfloat16" || dtype === "float64";
  return isRowMajor(shape, stride) && !converted ? 0 : sizeOf(shape) * bytesPerNumber(dtype);
}

function isRowMajor(shape: readonly number[], stride: readonly number[]): boolean {
  let due = 1;
  for (let axis = shape.length - 1; axis >= 0; axis--) {
    if (shape[axis] !== 1 && stride[axis] !== due) return false;
    due *= shape[axis];
  }
  return true;
}
