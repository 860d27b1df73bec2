/** What a checkpoint's pickle comes to: a tree of dictionaries and lists with tensors in it. */

import type { Fail } from "../base/errors.js";
import { Opaque } from "./pickle.js";
import { copySize, isPart, TensorView } from "./pth-tensors.js";

/** Dictionaries are Maps, lists and tuples arrays; None is null, and so is an object of Python's. */
export type PthTree<Tensor> =
  | Tensor
  | ReadonlyMap<unknown, PthTree<Tensor>>
  | readonly PthTree<Tensor>[]
  | string
  | number
  | bigint
  | boolean
  | null;

const LONGEST_PATH = 1000;
const DEEPEST = 100;
const MOST_VALUES = 1e6;
const MOST_TENSORS = 1e5;

/** A module of TorchScript is a dictionary of its parameters, buffers and modules. */
const SCRIPTED = /^__torch__\./;

/**
 * Returns a copy of the tree, with `leaf` in place of each view, and the list of the tensors by the keys that
 * lead to them. A tree that is a module of TorchScript becomes the dictionary of that list. Ends in `fail`
 * where an object of Python's stands for the whole or beside tensors, where it may be one of a kind that is
 * not read, and where the tensors would take much more memory than the file.
 */
export function survey<Tensor>(
  root: unknown,
  leaf: (view: TensorView) => Tensor,
  fileSize: number,
  fail: Fail,
): { root: PthTree<Tensor>; tensors: ReadonlyMap<string, Tensor> } {
  const tensors = new Map<string, Tensor>();
  const seen = new Map<unknown, PthTree<Tensor>>();
  let valuesLeft = MOST_VALUES;
  // A stride of zero repeats numbers, and one storage may be shown many times.
  let copiesLeft = 2 * fileSize + 1e6;

  const tensor = (view: TensorView, path: string): Tensor => {
    copiesLeft -= copySize(view);
    if (copiesLeft < 0) fail(`tensor "${path}" [${view.shape}] repeats too few numbers too often`);
    if (tensors.size >= MOST_TENSORS) fail("it holds too many tensors");
    const made = leaf(view);
    tensors.set(path, made);
    return made;
  };

  const walk = (value: unknown, path: string, depth: number): PthTree<Tensor> => {
    if (--valuesLeft < 0) fail("it holds too many values");
    if (depth > DEEPEST || path.length > LONGEST_PATH) fail("it nests too deep");
    if (value instanceof TensorView) return tensor(value, path);
    if (isPart(value)) return fail(`"${path}" is a part of a tensor, not a value`);
    if (value instanceof Opaque) return object(value, path, depth);
    if (typeof value !== "object" || value === null) return value as PthTree<Tensor>;
    // One dictionary in several places, or inside itself: its tensors are listed where it stands first.
    const known = seen.get(value);
    if (known !== undefined) return known;
    const below = (key: unknown) => (path === "" ? String(key) : `${path}.${key}`);
    if (value instanceof Map) {
      const values = [...value.values()];
      const odd = values.find((item): item is Opaque => item instanceof Opaque && !isScripted(item));
      if (odd && values.some((item) => item instanceof TensorView)) refuse(odd);
      const map = new Map<unknown, PthTree<Tensor>>();
      seen.set(value, map);
      for (const [key, item] of value) map.set(key, walk(item, below(key), depth + 1));
      return map;
    }
    const list: PthTree<Tensor>[] = [];
    seen.set(value, list);
    for (const [i, item] of (value as readonly unknown[]).entries()) {
      list.push(walk(item, below(i), depth + 1));
    }
    return list;
  };
  const object = (value: Opaque, path: string, depth: number): PthTree<Tensor> => {
    if (isScripted(value)) return walk(value.state ?? null, path, depth);
    return depth === 0 ? refuse(value) : null;
  };

  const refuse = ({ name }: Opaque) =>
    fail(
      `it holds a Python object, ${name}, and only tensors in dictionaries and lists are read; ` +
        "save the state dict alone",
    );

  const tree = walk(root, "", 0);
  return { root: root instanceof Opaque ? tensors : tree, tensors } as ReturnType<typeof survey<Tensor>>;
}

function isScripted({ name }: Opaque): boolean {
  return SCRIPTED.test(name);
}
