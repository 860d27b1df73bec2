/**
 * Weights that stay in their file: only the header is read here, and ONNX Runtime fetches the numbers itself when a
 * session is made. Weights of half a gigabyte then never are in JavaScript's memory, nor twice in the process.
 */
import { open } from "node:fs/promises";
import { basename, dirname, resolve } from "node:path";
import { SamsrError } from "../../base/errors.js";
import type { StoredTensor } from "../../nn/index.js";
import { headerLength, readSafetensorsHeader } from "../safetensors.js";

export interface StoredWeights {
  readonly tensors: ReadonlyMap<string, StoredTensor>;
  /** What a session over these weights is given as `weightsFolder`. */
  readonly folder: string;
}

const TYPES: Readonly<Record<string, StoredTensor["type"] | undefined>> = { F32: "float32", F16: "float16" };

/**
 * Where the F32 and F16 tensors of a safetensors file lie; whole numbers (indices) are left out.
 * @throws {SamsrError} naming the file: it is not there, it is no whole safetensors file, or a tensor is F64, which has
 *   to be converted first.
 *
 * @example
 * const { tensors, folder } = await locateWeights("denoiser.safetensors");
 * const model = toModel({ y: network(frozenScope(tensors), x) });
 * const session = await createSession(model.bytes, { weightsFolder: folder });
 */
export async function locateWeights(path: string): Promise<StoredWeights> {
  const file = await open(path).catch((cause: NodeJS.ErrnoException) => {
    const why = cause.code === "ENOENT" ? "there is no such file" : cause.message;
    throw new SamsrError(`${path}: ${why}`, { cause });
  });
  try {
    const { size } = await file.stat();
    const start = await read(8);
    const header = await read(8 + headerLength(start, size, path));
    const entries = readSafetensorsHeader(header, size, path).tensors;
    const tensors = new Map<string, StoredTensor>();
    for (const { name, dtype, shape, from } of entries) {
      if (dtype === "F64") {
        throw new SamsrError(`${path}: tensor "${name}" is F64, expected F32 or F16; convert the file again`);
      }
      const type = TYPES[dtype];
      if (type) tensors.set(name, { type, shape, file: basename(path), offset: from });
    }
    return { tensors: tensors, folder: dirname(resolve(path)) };
  } finally {
    await file.close();
  }

  async function read(length: number): Promise<Uint8Array> {
    const { buffer, bytesRead } = await file.read(Buffer.alloc(length), 0, length, 0);
    return buffer.subarray(0, bytesRead);
  }
}
