import { oneLine, SamsrError } from "../base/errors.js";
import type { Shapes } from "../networks/index.js";
import type { StateDict } from "../nn/index.js";
import type { Shape } from "../onnx/index.js";
import { isFloat, type NumberData, type NumberType, toFloat32 } from "./number-types.js";
import type { PthCheckpoint, PthOutline } from "./pth.js";
import { layOut, type PthTensor, type Storage } from "./pth-tensors.js";
import type { PthTree } from "./pth-tree.js";

/**
 * The keys under which training programs put the state dict; a moving average before the weights it is of.
 */
const WRAPPERS = ["params-ema", "params_ema", "params", "state_dict", "model_state_dict", "model", "net"];

/** What wrapping a module for many devices, or compiling it, leaves in front of every name. */
const PREFIXES = /^(module\.|_orig_mod\.)+/;

/**
 * The name under which a program keeps the one network it saved; taken off only where every tensor has it. A
 * number after it is that of a layer, in a network whose own names begin so.
 */
const OWNERS = /^(model|net|netG|network|denoiser|autoencoder|first_stage_model|sam)\.(?!\d)/;

/** A tensor, here or still in its file. */
interface Leaf {
  readonly shape: Shape;
  readonly dtype: NumberType;
}

type Named<Tensor> = Pick<PthCheckpoint<Tensor>, "name" | "root">;

/**
 * Returns the state dict in a checkpoint: out of its wrapper, without the prefixes of parallel and compiled
 * modules, its numbers as float32. Tensors of whole numbers and booleans (indices, counters) are left out.
 * @throws {SamsrError} when the checkpoint holds no dictionary of tensors.
 */
export function stateDictOf(checkpoint: Named<PthTensor>): StateDict {
  const state = new Map<string, { shape: Shape; data: Float32Array }>();
  for (const [key, { shape, dtype, data }] of tensorsOf(checkpoint)) {
    const floats = toFloat32(dtype, data);
    if (floats) state.set(key, { shape, data: floats });
  }
  return notEmpty(state, checkpoint);
}

/**
 * Reads the state dict of a checkpoint whose numbers are still in the file: only storages that are needed are
 * read, each once, and none is kept beside what is made of it.
 */
export async function loadStateDict(outline: PthOutline): Promise<StateDict> {
  const views = [...tensorsOf(outline)].filter(([, view]) => isFloat(view.dtype));
  const usesLeft = new Map<Storage, number>();
  for (const [, { storage }] of views) usesLeft.set(storage, (usesLeft.get(storage) ?? 0) + 1);
  const loaded = new Map<Storage, NumberData>();
  const state = new Map<string, { shape: Shape; data: Float32Array }>();
  for (const [key, view] of views) {
    const { storage, dtype, shape } = view;
    const data = loaded.get(storage) ?? (await outline.load(storage));
    const left = usesLeft.get(storage)! - 1;
    usesLeft.set(storage, left);
    if (left > 0) loaded.set(storage, data);
    else loaded.delete(storage);
    state.set(key, { shape, data: toFloat32(dtype, layOut(view, data))! });
  }
  return notEmpty(state, outline);
}

/** Returns the shapes of all tensors that `stateDictOf` would find, and of those that it leaves out. */
export function shapesOf(checkpoint: Named<Leaf>): Shapes {
  return new Map([...tensorsOf(checkpoint)].map(([key, { shape }]) => [key, shape]));
}

/**
 * Tensors under the network's own names, without the prefixes that training programs put before them.
 * @throws {SamsrError} when two tensors are left with one name.
 */
export function withoutPrefixes<T>(tensors: ReadonlyMap<string, T>, name: string): Map<string, T> {
  const plain = new Map<string, T>();
  for (const [key, tensor] of tensors) {
    const short = key.replace(PREFIXES, "");
    if (plain.has(short)) {
      throw new SamsrError(`${name}: two tensors are called "${oneLine(short)}" once prefixes are taken off`);
    }
    plain.set(short, tensor);
  }
  const [owner] = OWNERS.exec(plain.keys().next().value ?? "") ?? [];
  if (owner === undefined || ![...plain.keys()].every((key) => key.startsWith(owner))) return plain;
  return withoutPrefixes(new Map([...plain].map(([key, t]) => [key.slice(owner.length), t])), name);
}

/** Returns the tensors by their names; where a file holds one tensor and no name, it is called "value". */
function tensorsOf<Tensor extends Leaf>(checkpoint: Named<Tensor>): Map<string, Tensor> {
  if (isTensor(checkpoint.root)) return new Map([["value", checkpoint.root]]);
  const tensors = new Map<string, Tensor>();
  for (const [key, value] of unwrap(checkpoint.root)) {
    if (typeof key === "string" && isTensor(value)) tensors.set(key, value);
  }
  return withoutPrefixes(notEmpty(tensors, checkpoint), checkpoint.name);
}

function notEmpty<T extends ReadonlyMap<string, unknown>>(tensors: T, { name, root }: Named<Leaf>): T {
  if (tensors.size > 0) return tensors;
  if (root instanceof Map && root.has("param_groups")) {
    throw new SamsrError(
      `${name}: holds the state of an optimiser, no weights; expected the checkpoint of a network`,
    );
  }
  const places = WRAPPERS.join(", ");
  throw new SamsrError(`${name}: holds no dictionary of tensors; expected one, or one under ${places}`);
}

function unwrap<Tensor>(root: PthTree<Tensor>): ReadonlyMap<unknown, PthTree<Tensor>> {
  let dictionary = root;
  // One wrapper may hold another, but not each other in a circle. A dictionary alone in another is what
  // counts.
  for (let depth = 0; depth < WRAPPERS.length && dictionary instanceof Map; depth++) {
    const outer: ReadonlyMap<unknown, PthTree<Tensor>> = dictionary;
    const wrapper = WRAPPERS.find((key) => outer.get(key) instanceof Map);
    const [only] = outer.size === 1 ? outer.values() : [];
    if (wrapper === undefined && !(only instanceof Map)) break;
    dictionary = wrapper === undefined ? only! : outer.get(wrapper)!;
  }
  return dictionary instanceof Map ? dictionary : new Map();
}

function isTensor<Tensor extends Leaf>(value: PthTree<Tensor>): value is Tensor {
  return typeof value === "object" && value !== null && "dtype" in value;
}
