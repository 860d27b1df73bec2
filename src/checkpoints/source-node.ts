/** Files on disk: in a module of its own, which bundles for a browser leave out. */
import { open, stat } from "node:fs/promises";
import { oneLine, SamsrError } from "../base/errors.js";
import type { ByteSource } from "./byte-source.js";

/** What one read asks the system for at most. */
const LARGEST_READ = 2 ** 30;

/**
 * Opens a file as a source of bytes while `use` runs.
 * @throws {SamsrError} naming a file that is not there, is none, or cannot be read
 */
export async function withFile<T>(
  path: string,
  called: string,
  use: (source: ByteSource) => Promise<T>,
): Promise<T> {
  const name = oneLine(called);
  const fail = (why: string, cause?: unknown): never => {
    throw new SamsrError(`${name}: ${why}`, { cause });
  };
  const refuse = (cause: NodeJS.ErrnoException) =>
    fail(cause.code === "ENOENT" ? "there is no such file" : oneLine(cause.message), cause);
  // Opening a pipe would wait for somebody to write into it.
  if (!(await stat(path).catch(refuse)).isFile()) {
    fail("this is no file; expected weights: .pth, .safetensors or ncnn");
  }
  const file = await open(path).catch(refuse);
  try {
    const { size } = await file.stat();
    return await use({
      name,
      size,
      async read(offset, length) {
        const bytes = allocate(length, fail);
        for (let done = 0; done < length; ) {
          const part = Math.min(length - done, LARGEST_READ);
          const { bytesRead } = await file
            .read(bytes, done, part, offset + done)
            .catch((cause: Error) => fail(oneLine(cause.message), cause));
          if (bytesRead === 0) fail("it became shorter while it was read");
          done += bytesRead;
        }
        return bytes;
      },
      async beside(ending, use) {
        const other = path.replace(/\.[^./\\]*$/, "") + ending;
        const isThere = await stat(other).then(
          (facts) => facts.isFile(),
          () => false,
        );
        return isThere ? withFile(other, other, use) : undefined;
      },
    });
  } finally {
    await file.close();
  }
}

function allocate(length: number, fail: (why: string, cause: unknown) => never): Uint8Array {
  try {
    return new Uint8Array(length);
  } catch (cause) {
    return fail(`there is no memory for ${length} bytes of it in one piece`, cause);
  }
}
