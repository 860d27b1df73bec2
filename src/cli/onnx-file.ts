/** Files of models, which may have gigabytes: written piece by piece, whole or not at all. */
import { open } from "node:fs/promises";
import { extname } from "node:path";
import { checkWritable, writeFileAtomically } from "../image/write-file.js";
import type { ModelStream } from "../onnx/index.js";
import { UsageError } from "./report.js";

const BLOCK = 2 ** 20;

/** Refuses, before any work, a name that does not end in .onnx (or another ending) or cannot be written. */
export async function checkOnnxFile(
  path: string,
  overwrite?: boolean,
  endings: readonly string[] = [".onnx"],
): Promise<void> {
  if (!endings.includes(extname(path).toLowerCase())) {
    throw new UsageError(`${path}: expected a name that ends in ${endings.join(" or ")}`);
  }
  await checkWritable(path, { overwrite });
}

export function writeOnnxFile(
  path: string,
  model: Pick<ModelStream, "pieces">,
  { overwrite, signal }: { readonly overwrite?: boolean; readonly signal: AbortSignal },
): Promise<void> {
  const write = (temporary: string) => writePieces(temporary, model.pieces(), signal);
  return writeFileAtomically(path, write, { overwrite, signal });
}

/** Writes the pieces of a file, small ones together: a model has many thousands. */
async function writePieces(path: string, pieces: Iterable<Uint8Array>, signal: AbortSignal): Promise<void> {
  const file = await open(path, "w");
  let waiting: Uint8Array[] = [];
  let size = 0;
  const flush = async () => {
    const block = waiting.length === 1 ? waiting[0] : Buffer.concat(waiting);
    [waiting, size] = [[], 0];
    await file.writeFile(block);
  };
  try {
    for (const piece of pieces) {
      if (size > 0 && size + piece.byteLength > BLOCK) await flush();
      if (signal.aborted) return;
      waiting.push(piece);
      size += piece.byteLength;
    }
    await flush();
  } finally {
    await file.close();
  }
}
