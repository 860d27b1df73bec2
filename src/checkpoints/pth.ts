/**
 * PyTorch checkpoints (.pth, .pt, .ckpt). Since version 1.6 `torch.save` writes a ZIP archive with a pickle,
 * `data.pkl`, and beside it one entry for each storage, the flat memory under one tensor or several; so do
 * TorchScript's archives. Before, it wrote pickles in a row and the storages after them. The pickle says
 * which tensor is what part of which storage. It is read as data; nothing in it is ever run.
 */
import { type Fail, oneLine, SamsrError } from "../base/errors.js";
import type { ByteSource } from "./byte-source.js";
import { asNumbers, bytesPerNumber, type NumberData } from "./number-types.js";
import { unpickle } from "./pickle.js";
import { isLegacy, outlineLegacy } from "./pth-legacy.js";
import {
  LARGEST_PICKLE,
  layOut,
  type PthTensor,
  type Storage,
  type TensorView,
  tensorWorld,
} from "./pth-tensors.js";
import { type PthTree, survey } from "./pth-tree.js";
import { type CheckpointFile, withSource } from "./source.js";
import { readZip, type Zip } from "./zip.js";

export type { PthTensor } from "./pth-tensors.js";

/** A checkpoint as it was saved: dictionaries are Maps, lists and tuples arrays, None is null. */
export type PthValue = PthTree<PthTensor>;

export interface PthCheckpoint<Tensor = PthTensor> {
  readonly name: string;
  readonly root: PthTree<Tensor>;
  /** Every tensor in it, by the keys that lead there joined with dots: "state_dict.conv.weight". */
  readonly tensors: ReadonlyMap<string, Tensor>;
}

/** A checkpoint of which only the pickle has been read. */
export interface PthOutline extends PthCheckpoint<TensorView> {
  /** Reads a storage out of the file. */
  load(storage: Storage): Promise<NumberData>;
}

/**
 * Reads a whole checkpoint. What is given as bytes is not copied: the tensors are views on it wherever they
 * can be.
 * @param name what errors call it
 * @throws {SamsrError} naming the file and what is wrong with it, for anything else than a checkpoint of
 *   tensors.
 *
 * @example
 * const state = stateDictOf(await readPth("resshift_realsrx4_s15_v1.pth"));
 */
export async function readPth(file: CheckpointFile, name?: string): Promise<PthCheckpoint> {
  return withSource(file, name, async (source) => {
    const outline = await outlinePth(source);
    const storages = new Map<Storage, NumberData>();
    for (const { storage } of outline.tensors.values()) {
      if (!storages.has(storage)) storages.set(storage, await outline.load(storage));
    }
    const { root, tensors } = survey(
      outline.root,
      (view) => ({
        shape: view.shape,
        dtype: view.dtype,
        data: layOut(view, storages.get(view.storage)!),
      }),
      source.size,
      failure(source),
    );
    return { name: source.name, root, tensors };
  });
}

/** Reads the pickle alone, a few kilobytes: names, shapes, and where the numbers are. */
export async function outlinePth(source: ByteSource): Promise<PthOutline> {
  const fail = failure(source);
  await refuseOthers(source, fail);
  if (await isLegacy(source)) {
    const { root, load } = await outlineLegacy(source, fail);
    return { name: source.name, load, ...survey(root, (view) => view, source.size, fail) };
  }
  const zip = await readZip(source, (what, cause) => fail(`${what}; fetch it again`, cause));
  const pickles = [...zip.entries.keys()].filter((entry) => /^[^/]*\/data\.pkl$/.test(entry));
  if (pickles.length !== 1) fail(`its archive holds ${pickles.length || "no"} data.pkl, expected one`);
  const pickle = zip.entries.get(pickles[0])!;
  if (pickle.size > LARGEST_PICKLE) fail(`its pickle claims ${pickle.size} bytes`);
  const folder = pickle.name.slice(0, -"data.pkl".length);
  await checkByteOrder(zip, folder, fail);
  const world = tensorWorld(fail);
  const raw = unpickle(await zip.read(pickle), world, fail).value;
  const entryOf = (storage: Storage) => findStorage(storage, zip, folder, fail);
  for (const storage of world.storages.values()) entryOf(storage);
  return {
    name: source.name,
    ...survey(raw, (view) => view, source.size, fail),
    load: async (storage) => asNumbers(storage.dtype, await zip.read(entryOf(storage))),
  };
}

function failure({ name }: ByteSource): Fail {
  return (what, cause) => {
    throw new SamsrError(`${name}: not a PyTorch checkpoint that can be read: ${oneLine(what)}`, { cause });
  };
}

/** Tells whether it begins as PyTorch's files do. */
export async function isPth(source: ByteSource): Promise<boolean> {
  const start = String.fromCharCode(...(await source.read(0, Math.min(source.size, 4))));
  return start === "PK\x03\x04" || isPickle(start);
}

/** Tells whether a pickle begins here: its first instruction, and its protocol. */
function isPickle(start: string): boolean {
  return start[0] === "\x80" && start[1] <= "\x05";
}

/** Refuses what the first bytes show to be something else: other things go by the same endings. */
async function refuseOthers(source: ByteSource, fail: Fail): Promise<void> {
  if (source.size === 0) fail("it is empty; fetch it again");
  const start = String.fromCharCode(...(await source.read(0, Math.min(source.size, 512))));
  if (start.startsWith("PK\x03\x04") || (await isLegacy(source))) return;
  if (isPickle(start) || start.includes("ustar")) {
    fail(
      "it is a bare pickle or in the format from before PyTorch 0.1.10; " +
        "convert it in Python: torch.save(torch.load(old, weights_only=True), new)",
    );
  }
  if (/^\s*<(!doctype|html|\?xml)/i.test(start)) fail("it is a web page; the download went wrong");
  if (start.startsWith("version https://git-lfs")) fail("it is a Git LFS pointer; fetch the file itself");
  if (start[8] === "{") fail("it looks like a safetensors file; name it .safetensors");
  fail("it is no ZIP archive; fetch it again");
}

async function checkByteOrder(zip: Zip, folder: string, fail: Fail): Promise<void> {
  const entry = zip.entries.get(`${folder}byteorder`);
  if (!entry) return;
  if (entry.size > 100 || new TextDecoder().decode(await zip.read(entry)) !== "little") {
    fail("its numbers are big-endian; save it on another machine");
  }
}

function findStorage({ key, length, dtype }: Storage, zip: Zip, folder: string, fail: Fail) {
  const entry = zip.entries.get(`${folder}data/${key}`);
  if (!entry) return fail(`storage ${key} is missing; fetch it again`);
  if (entry.size !== length * bytesPerNumber(dtype)) {
    return fail(
      `storage ${key} has ${entry.size} bytes, ${length} of ${dtype} need ${length * bytesPerNumber(dtype)}`,
    );
  }
  return entry;
}
