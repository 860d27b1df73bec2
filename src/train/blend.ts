import { checkArgument, checkNumber, checkOptions, checkText, isObject } from "../base/arguments.js";
import { SamsrError } from "../base/errors.js";
import { writeSafetensors } from "../checkpoints/index.js";
import { writeFileAtomically } from "../image/index.js";
import type { StateDict } from "../nn/index.js";
import { readWeights } from "./checkpoint.js";

/** A state dict, and what to call it in an error: its file. */
export interface Named {
  readonly name: string;
  readonly tensors: StateDict;
}

/** Weights that `samsr train` wrote, under the name of their file. @throws {SamsrError} as `readWeights` */
export async function readNamedWeights(path: string): Promise<Named> {
  return { name: path, tensors: await readWeights(path) };
}

/**
 * (1 - share) a + share b, weight by weight. Two students taught on from the same one by different terms, the
 * one for fidelity and the other for detail, stay near enough that what lies between their weights lies
 * between their pictures (Wang et al., "ESRGAN", 2018, section 3.4; "Deep network interpolation", 2019).
 * @param share of b, 0 to 1
 * @throws {SamsrError} for a share that is none, and when the two have not the same tensors
 */
export function blendWeights(a: Named, b: Named, share: number): StateDict {
  for (const named of [a, b]) {
    const good = isObject(named) && named.tensors instanceof Map;
    checkArgument("blendWeights: weights", named, good, "an object with a name and tensors, a Map");
  }
  checkNumber("blendWeights: the share", share, 0, 1);
  demandSameNames(a, b);
  demandSameNames(b, a);
  const blend = new Map<string, { shape: readonly number[]; data: Float32Array }>();
  for (const [key, { shape, data }] of a.tensors) {
    const other = b.tensors.get(key)!;
    if (String(other.shape) !== String(shape)) {
      throw new SamsrError(
        `${b.name}: tensor "${key}" is [${other.shape}], and [${shape}] in ${a.name}; expected two of one network`,
      );
    }
    blend.set(key, { shape, data: data.map((value, i) => value + share * (other.data[i] - value)) });
  }
  return blend;
}

function demandSameNames(a: Named, b: Named): void {
  for (const key of a.tensors.keys()) {
    if (b.tensors.has(key)) continue;
    throw new SamsrError(`${b.name}: has no tensor "${key}", ${a.name} has; expected two of one network`);
  }
}

/**
 * Blends the weights of two files, as {@link blendWeights} does, and writes them with their share as
 * metadata.
 * @param share of the second, 0 to 1
 * @throws {SamsrError} when a file is missing or damaged, the two are of different networks, or `out` exists
 */
export async function writeBlend(
  paths: readonly [string, string],
  share: number,
  out: string,
  options: { readonly overwrite?: boolean } = {},
): Promise<void> {
  const two = Array.isArray(paths) && paths.length === 2;
  checkArgument("writeBlend: the files", paths, two, "a list of two paths");
  for (const path of paths) checkText("writeBlend: a file", path);
  checkNumber("writeBlend: the share", share, 0, 1);
  checkText("writeBlend: the path of the result", out);
  checkOptions("writeBlend", options, { overwrite: "boolean" });
  const [a, b] = await Promise.all(paths.map(readNamedWeights));
  const metadata = { share: String(share) };
  const bytes = writeSafetensors(blendWeights(a, b, share), { precision: "float32", metadata });
  await writeFileAtomically(out, bytes, options);
}
