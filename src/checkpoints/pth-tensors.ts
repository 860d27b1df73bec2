/**
 * The few Python names that a checkpoint of tensors needs. A storage is flat memory of one number type, kept as an
 * entry of the archive; a tensor is a window on a storage: offset, shape, and a stride for each axis, all counted
 * in numbers. Several tensors may look at one storage.
 */
import { sizeOf } from "../onnx/index.js";
import type { PickleFunction } from "./pickle.js";
import type { Fail } from "./zip.js";

const STORAGES = {
  FloatStorage: { dtype: "float32", array: Float32Array },
  HalfStorage: { dtype: "float16", array: Uint16Array },
  BFloat16Storage: { dtype: "bfloat16", array: Uint16Array },
  DoubleStorage: { dtype: "float64", array: Float64Array },
  LongStorage: { dtype: "int64", array: BigInt64Array },
  IntStorage: { dtype: "int32", array: Int32Array },
  ByteStorage: { dtype: "uint8", array: Uint8Array },
  BoolStorage: { dtype: "bool", array: Uint8Array },
} as const;

export type StorageType = (typeof STORAGES)[keyof typeof STORAGES];
/** Half-precision numbers are kept as bit patterns, booleans as bytes of 0 and 1. */
export type StorageData = InstanceType<StorageType["array"]>;

export interface PthTensor {
  readonly shape: readonly number[];
  readonly dtype: StorageType["dtype"];
  /** Row-major. Tensors that share a storage in the file may share memory here. */
  readonly data: StorageData;
}

export class Storage {
  /** Filled in once the pickle has been read. */
  data: StorageData | undefined;
  constructor(
    readonly type: StorageType,
    readonly key: string,
    readonly length: number,
  ) {}
}

/** A window on a storage, checked to lie inside. */
export class TensorView {
  constructor(
    readonly storage: Storage,
    readonly offset: number,
    readonly shape: readonly number[],
    readonly stride: readonly number[],
  ) {}
}

const MOST_AXES = 64;
const MOST_PAIRS = 1e6;

export interface TensorWorld {
  readonly global: (name: string) => unknown;
  readonly persistent: (id: unknown) => Storage;
  /** Every storage the pickle has named so far, by its key. */
  readonly storages: ReadonlyMap<string, Storage>;
}

/** The world in which the pickle of a checkpoint is read. */
export function tensorWorld(fail: Fail): TensorWorld {
  const storages = new Map<string, Storage>();
  let pairsLeft = MOST_PAIRS;

  const orderedDict: PickleFunction = ([pairs = []]) => {
    const whole = Array.isArray(pairs) && pairs.every((pair) => Array.isArray(pair) && pair.length === 2);
    if (!whole || (pairsLeft -= pairs.length) < 0) return fail("an ordered dictionary is damaged");
    return new Map(pairs as [unknown, unknown][]);
  };
  const rebuildTensor: PickleFunction = ([storage, offset, shape, stride]) => {
    if (!(storage instanceof Storage)) return fail("a tensor has no storage");
    if (!isCount(offset) || !areCounts(shape) || !areCounts(stride) || shape.length !== stride.length) {
      return fail("the shape of a tensor is damaged");
    }
    const size = sizeOf(shape);
    const last = shape.reduce((sum, side, axis) => sum + (side - 1) * stride[axis], offset);
    if (!isCount(size) || (size > 0 ? !isCount(last) || last >= storage.length : offset > storage.length)) {
      return fail(`a tensor [${shape}] reaches beyond its storage of ${storage.length} numbers`);
    }
    // Copies: the lists are the pickle's, and what has been checked must not change.
    return new TensorView(storage, offset, [...shape], [...stride]);
  };
  const rebuildParameter: PickleFunction = ([tensor]) =>
    tensor instanceof TensorView ? tensor : fail("a parameter has no tensor");
  const functions = new Map<string, PickleFunction>([
    ["collections.OrderedDict", orderedDict],
    ["torch._utils._rebuild_tensor_v2", rebuildTensor],
    ["torch._utils._rebuild_parameter", rebuildParameter],
  ]);

  const global = (name: string): unknown => {
    const [, storage] = /^torch\.(\w+Storage)$/.exec(name) ?? [];
    if (!storage) return functions.get(name);
    if (Object.hasOwn(STORAGES, storage)) return STORAGES[storage as keyof typeof STORAGES];
    return fail(`it holds numbers of a type that is not read, torch.${storage}`);
  };
  /** Storages are named ("storage", type, key, device, length). */
  const persistent = (id: unknown): Storage => {
    const [kind, type, key, , length] = Array.isArray(id) ? id : [];
    if (kind !== "storage" || !isStorageType(type) || typeof key !== "string" || !isCount(length)) {
      return fail("the name of a storage is damaged");
    }
    const storage = storages.get(key) ?? new Storage(type, key, length);
    if (storage.type !== type || storage.length !== length) {
      return fail(`storage ${key} is named with two types or lengths`);
    }
    storages.set(key, storage);
    return storage;
  };
  return { global, persistent, storages };
}

export function isStorageType(value: unknown): value is StorageType {
  return Object.values(STORAGES).some((type) => type === value);
}

function isCount(value: unknown): value is number {
  return Number.isSafeInteger(value) && (value as number) >= 0;
}

function areCounts(values: unknown): values is number[] {
  return Array.isArray(values) && values.length <= MOST_AXES && values.every(isCount);
}

/** The numbers of a view in row-major order: the storage's own memory where they lie so, else a copy. */
export function layOut({ storage, offset, shape, stride }: TensorView): PthTensor {
  const { dtype, array } = storage.type;
  const whole = storage.data!;
  const size = sizeOf(shape);
  if (isRowMajor(shape, stride)) return { shape, dtype, data: whole.subarray(offset, offset + size) };
  const data = new array(size);
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
  return { shape, dtype, data };
}

/** The bytes that `layOut` will copy. */
export function copySize({ storage, shape, stride }: TensorView): number {
  return isRowMajor(shape, stride) ? 0 : sizeOf(shape) * storage.type.array.BYTES_PER_ELEMENT;
}

function isRowMajor(shape: readonly number[], stride: readonly number[]): boolean {
  let due = 1;
  for (let axis = shape.length - 1; axis >= 0; axis--) {
    if (shape[axis] !== 1 && stride[axis] !== due) return false;
    due *= shape[axis];
  }
  return true;
}
