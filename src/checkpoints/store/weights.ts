import { access, constants } from "node:fs/promises";
import { join } from "node:path";
import { SamsrError } from "../../base/errors.js";
import type { StateDict } from "../../nn/index.js";
import { loadPublished } from "../convert.js";
import { loadSafetensors } from "../safetensors.js";
import { withSource } from "../source.js";
import { storeError } from "./errors.js";
import type { InstalledModel } from "./find.js";

/**
 * Loads the weights of one part of a model, by its name in `weights` of the description.
 * @throws {SamsrError} naming the file, when it is missing or damaged.
 */
export async function loadModelWeights(model: InstalledModel, part: string): Promise<StateDict> {
  const { name, weights } = model.description;
  const file = (weights as Readonly<Record<string, string | undefined>>)[part];
  if (file === undefined) {
    throw new SamsrError(`model ${name}: it has no ${part}, only ${Object.keys(weights).join(" and ")}`);
  }
  const path = join(model.folder, file);
  await access(path, constants.R_OK).catch((cause: NodeJS.ErrnoException) => {
    if (cause.code !== "ENOENT") throw storeError(path, cause, "read");
    throw new SamsrError(`model ${name}: its file ${path} is missing; install it again`, { cause });
  });
  if (model.place === "file") return loadPublished(path, path);
  return withSource(path, undefined, async (source) => (await loadSafetensors(source)).tensors);
}
