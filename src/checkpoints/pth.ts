/**
 * PyTorch checkpoints (.pth, .pt, .ckpt), as `torch.save` has written them since version 1.6: a ZIP archive with
 * a pickle, `data.pkl`, and beside it one entry for each storage, the flat memory under one tensor or several. The
 * pickle says which tensor is what part of which storage. It is read as data; nothing in it is ever run.
 */
import { open } from "node:fs/promises";
import { SamsrError } from "../base/errors.js";
import { unpickle } from "./pickle.js";
import {
  copySize,
  isStorageType,
  layOut,
  type PthTensor,
  Storage,
  TensorView,
  tensorWorld,
} from "./pth-tensors.js";
import { type ByteSource, type Fail, readZip, type Zip } from "./zip.js";

export type { PthTensor } from "./pth-tensors.js";

/** A checkpoint as it was saved: dictionaries are Maps, lists and tuples arrays, None is null. */
export type PthValue =
  | PthTensor
  | ReadonlyMap<unknown, PthValue>
  | readonly PthValue[]
  | string
  | number
  | bigint
  | boolean
  | null;

export interface PthCheckpoint {
  readonly name: string;
  readonly root: PthValue;
  /** Every tensor in it, by the keys that lead there joined with dots: "state_dict.conv.weight". */
  readonly tensors: ReadonlyMap<string, PthTensor>;
}

const LARGEST_PICKLE = 64e6;
const LONGEST_PATH = 1000;
const DEEPEST = 100;
const MOST_VALUES = 1e6;

/**
 * Reads a checkpoint from memory or from a file; a file is read entry by entry.
 * @param name what errors call it, when it is given as bytes
 * @throws {SamsrError} naming the file and what is wrong with it, for anything else than a checkpoint of tensors.
 *
 * @example
 * const { tensors } = await readPth("resshift_realsrx4_s15_v1.pth");
 */
export async function readPth(from: Uint8Array | string, name?: string): Promise<PthCheckpoint> {
  if (typeof from !== "string") return read(memory(from), name ?? "checkpoint");
  const called = name ?? from;
  const file = await open(from).catch((cause: NodeJS.ErrnoException) => {
    const why = cause.code === "ENOENT" ? "there is no such file" : cause.message;
    throw new SamsrError(`${called}: ${why}`, { cause });
  });
  try {
    const stat = await file.stat();
    if (!stat.isFile()) throw new SamsrError(`${called}: this is no file; expected a PyTorch checkpoint`);
    const source: ByteSource = {
      size: stat.size,
      async read(offset, length) {
        const bytes = new Uint8Array(length);
        for (let done = 0; done < length; ) {
          const { bytesRead } = await file.read(bytes, done, Math.min(length - done, 2 ** 30), offset + done);
          if (bytesRead === 0) throw new SamsrError(`${called}: it became shorter while it was read`);
          done += bytesRead;
        }
        return bytes;
      },
    };
    return await read(source, called);
  } finally {
    await file.close();
  }
}

/** Copies, because a storage may lie at an odd place in the file, and outlives it. */
function memory(bytes: Uint8Array): ByteSource {
  return {
    size: bytes.length,
    read: async (offset, length) => new Uint8Array(bytes.subarray(offset, offset + length)),
  };
}

async function read(source: ByteSource, name: string): Promise<PthCheckpoint> {
  const fail: Fail = (what) => {
    // What the file says of itself may be long, or break the line.
    const line = what.replace(/[\s\p{Cc}]+/gu, " ");
    const short = line.length > 400 ? `${line.slice(0, 400)}...` : line;
    throw new SamsrError(`${name}: not a PyTorch checkpoint that can be read: ${short}`);
  };
  await recognise(source, fail);
  const zip = await readZip(source, (what) => fail(`${what}; fetch it again`));
  const pickles = [...zip.entries.keys()].filter((entry) => /^[^/]*\/data\.pkl$/.test(entry));
  if (pickles.length !== 1) fail(`its archive holds ${pickles.length || "no"} data.pkl, expected one`);
  const pickle = zip.entries.get(pickles[0])!;
  if (pickle.size > LARGEST_PICKLE) fail(`its pickle claims ${pickle.size} bytes`);
  const folder = pickle.name.slice(0, -"data.pkl".length);
  const order = zip.entries.get(`${folder}byteorder`);
  if (order && new TextDecoder().decode(await zip.read(order)) !== "little") {
    fail("its numbers are big-endian; save it on another machine");
  }
  const world = tensorWorld(fail);
  const root = unpickle(await zip.read(pickle), world, fail);
  for (const storage of world.storages.values()) await fetchStorage(storage, zip, folder, fail);
  return { name, ...layOutAll(root, source.size, fail) };
}

/** What the first bytes show: other things go by the same endings. */
async function recognise(source: ByteSource, fail: Fail): Promise<void> {
  if (source.size === 0) fail("it is empty; fetch it again");
  const start = String.fromCharCode(...(await source.read(0, Math.min(source.size, 512))));
  if (start.startsWith("PK\x03\x04")) return;
  if (start.startsWith("\x80\x02") || start.includes("ustar")) {
    fail(
      "it is in the format from before PyTorch 1.6; " +
        "convert it in Python: torch.save(torch.load(old, weights_only=True), new)",
    );
  }
  if (/^\s*<(!doctype|html|\?xml)/i.test(start)) fail("it is a web page; the download went wrong");
  if (start.startsWith("version https://git-lfs")) fail("it is a Git LFS pointer; fetch the file itself");
  if (start[8] === "{") fail("it looks like a safetensors file; name it .safetensors");
  fail("it is no ZIP archive; fetch it again");
}

async function fetchStorage(storage: Storage, zip: Zip, folder: string, fail: Fail): Promise<void> {
  const { key, length, type } = storage;
  const entry = zip.entries.get(`${folder}data/${key}`);
  if (!entry) return fail(`storage ${key} is missing; fetch it again`);
  const size = length * type.array.BYTES_PER_ELEMENT;
  if (entry.size !== size) {
    return fail(`storage ${key} has ${entry.size} bytes, ${length} of ${type.dtype} need ${size}`);
  }
  storage.data = new type.array((await zip.read(entry)).buffer);
}

/** The pickle's values with tensors in place of views, and the list of those. */
function layOutAll(root: unknown, fileSize: number, fail: Fail): Pick<PthCheckpoint, "root" | "tensors"> {
  const tensors = new Map<string, PthTensor>();
  const seen = new Map<unknown, PthValue>();
  let valuesLeft = MOST_VALUES;
  // A stride of zero repeats numbers, and one storage may be shown many times: a small file must not fill the memory.
  let copiesLeft = 4 * fileSize + 1e6;

  const walk = (value: unknown, path: string, depth: number): PthValue => {
    if (--valuesLeft < 0) fail("it holds too many values");
    if (depth > DEEPEST || path.length > LONGEST_PATH) fail("it nests too deep");
    if (value instanceof TensorView) {
      copiesLeft -= copySize(value);
      if (copiesLeft < 0) fail(`tensor "${path}" [${value.shape}] repeats too few numbers too often`);
      const tensor = layOut(value);
      tensors.set(path, tensor);
      return tensor;
    }
    if (typeof value === "function" || value instanceof Storage || isStorageType(value)) {
      return fail(`"${path}" is a part of a tensor, not a value`);
    }
    if (typeof value !== "object" || value === null) return value as PthValue;
    // One dictionary in several places, or inside itself: its tensors are listed where it stands first.
    const known = seen.get(value);
    if (known !== undefined) return known;
    const below = (key: unknown) => (path === "" ? String(key) : `${path}.${key}`);
    if (value instanceof Map) {
      const map = new Map<unknown, PthValue>();
      seen.set(value, map);
      for (const [key, item] of value) {
        if (typeof key === "object" && key !== null) fail(`a key in "${path}" is no text or number`);
        map.set(key, walk(item, below(key), depth + 1));
      }
      return map;
    }
    const list: PthValue[] = [];
    seen.set(value, list);
    for (const [i, item] of (value as readonly unknown[]).entries())
      list.push(walk(item, below(i), depth + 1));
    return list;
  };
  return { root: walk(root, "", 0), tensors };
}
