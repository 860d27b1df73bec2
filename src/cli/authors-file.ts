import { readFile } from "node:fs/promises";
import { SamsrError } from "../base/errors.js";
import { type ReadAuthorsConfig, readAuthorsConfig } from "../checkpoints/index.js";

/** Reads a configuration of the authors; `name` is what errors about it call it. */
export async function readAuthorsFile(path: string): Promise<ReadAuthorsConfig & { name: string }> {
  const content = await readFile(path).catch((error: NodeJS.ErrnoException) => {
    const why = error.code === "ENOENT" ? "there is no such file" : "it cannot be read";
    throw new SamsrError(`${path}: ${why}; expected a configuration in YAML`);
  });
  return { ...readAuthorsConfig(content, path), name: path };
}
