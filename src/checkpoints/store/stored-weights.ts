/**
 * Weights that stay in their file: only the header is read here, and ONNX Runtime fetches the numbers itself
 * when a session is made. Weights of half a gigabyte then never are in JavaScript's memory, nor twice in the
 * process.
 */
import { basename, dirname, resolve } from "node:path";
import { SamsrError } from "../../base/errors.js";
import type { StoredTensor } from "../../nn/index.js";
import { outlineSafetensors } from "../safetensors.js";
import { FLOATS } from "../safetensors-header.js";
import { withSource } from "../source.js";

interface StoredWeights {
  readonly tensors: ReadonlyMap<string, StoredTensor>;
  /** What a session over these weights is given as `weightsFolder`. */
  readonly folder: string;
}

const TYPES: Readonly<Record<string, StoredTensor["type"] | undefined>> = { F32: "float32", F16: "float16" };

/**
 * Finds where the F32 and F16 tensors of a safetensors file lie; whole numbers (indices) are left out.
 * @throws {SamsrError} naming the file: it is not there, it is no whole safetensors file, or a tensor is F64
 *   or BF16, which has to be converted first.
 *
 * @example
 * const { tensors, folder } = await locateWeights("denoiser.safetensors");
 * const model = toModel({ y: network(frozenScope(tensors), x) });
 * const session = await createSession(model.bytes, { weightsFolder: folder });
 */
export async function locateWeights(path: string): Promise<StoredWeights> {
  return withSource(path, undefined, async (source) => {
    const tensors = new Map<string, StoredTensor>();
    for (const { name, dtype, shape, from } of (await outlineSafetensors(source)).tensors) {
      const type = TYPES[dtype];
      if (type) tensors.set(name, { type, shape, file: basename(path), offset: from });
      else if (FLOATS.has(dtype)) {
        throw new SamsrError(
          `${path}: tensor "${name}" is ${dtype}, expected F32 or F16; convert the file again`,
        );
      }
    }
    return { tensors, folder: dirname(resolve(path)) };
  });
}
