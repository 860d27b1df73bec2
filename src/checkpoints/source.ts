/**
 * Where a checkpoint's bytes come from: memory, a web page's Blob, or a file on disk that is read piece by
 * piece.
 */
import { oneLine, SamsrError } from "../base/errors.js";
import { inNode } from "../runtime/environment.js";
import type { ByteSource } from "./byte-source.js";

/**
 * A file of weights: its path (in Node only), its bytes, or a Blob, such as the File that a visitor of a page
 * chose; for a network of several files (ncnn's `.param` and `.bin`) all of them, of which each stands for
 * the network.
 */
export type CheckpointFile = string | Uint8Array | Blob | readonly File[];

/**
 * Opens a file, hands it over, and closes it.
 * @param name what errors call it; its path, or the name of a File, when left out
 * @throws {SamsrError} naming a file that is not there, is none, or cannot be read
 */
export async function withSource<T>(
  file: CheckpointFile,
  name: string | undefined,
  use: (source: ByteSource) => Promise<T>,
): Promise<T> {
  if (file instanceof Uint8Array) return use(sourceOfBytes(file, name ?? "checkpoint"));
  if (isFiles(file)) return use(sourceOfFiles(file, name));
  if (typeof file !== "string") return use(sourceOfBlob(file, name ?? (file as File).name ?? "checkpoint"));
  if (!inNode)
    throw new SamsrError(`${oneLine(file)}: a browser has no paths; pass the file's Blob or bytes`);
  const { withFile } = await import("./source-node.js");
  return withFile(file, name ?? file, use);
}

/** Reads are views, so what is made of them holds on to `bytes`. */
export function sourceOfBytes(bytes: Uint8Array, name: string): ByteSource {
  return {
    name: oneLine(name),
    size: bytes.length,
    read: async (offset, length) => bytes.subarray(offset, offset + length),
  };
}

function isFiles(file: CheckpointFile): file is readonly File[] {
  return Array.isArray(file);
}

function sourceOfFiles(files: readonly File[], called?: string): ByteSource {
  const [first, ...others] = files;
  if (!first) throw new SamsrError("a network of several files needs one at least, and there is none");
  const stem = first.name.replace(/\.[^.]*$/, "");
  return {
    ...sourceOfBlob(first, called ?? first.name),
    async beside(ending, use) {
      const other = others.find(({ name }) => name.toLowerCase() === (stem + ending).toLowerCase());
      return other && use(sourceOfBlob(other, other.name));
    },
  };
}

function sourceOfBlob(blob: Blob, called: string): ByteSource {
  const name = oneLine(called);
  return {
    name,
    size: blob.size,
    async read(offset, length) {
      const part = await blob
        .slice(offset, offset + length)
        .arrayBuffer()
        .catch((cause) => {
          throw new SamsrError(`${name}: ${length} bytes of it cannot be read; choose the file again`, {
            cause,
          });
        });
      return new Uint8Array(part);
    },
  };
}
