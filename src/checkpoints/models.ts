/**
 * Installed models: a folder each, with `model.json` (what it is and how to run it), the weights it names, and
 * `CARD.md` for people.
 */
import { readdir, readFile, stat } from "node:fs/promises";
import { basename, join } from "node:path";
import { fileURLToPath } from "node:url";
import { SamsrError } from "../base/errors.js";
import type { StateDict } from "../nn/index.js";
import type { ModelDescription } from "./description.js";
import { readSafetensors } from "./safetensors.js";

export interface InstalledModel {
  readonly folder: string;
  readonly description: ModelDescription;
  /** Of both weight files together. */
  readonly bytes: number;
}

/** The models that come with the package. */
export const BUNDLED = fileURLToPath(new URL("../../models", import.meta.url));

/** Every bundled model that can be read. */
export async function listModels(): Promise<InstalledModel[]> {
  const entries = await readdir(BUNDLED, { withFileTypes: true });
  const folders = entries.filter((e) => e.isDirectory()).map((e) => e.name);
  return Promise.all(folders.sort().map((name) => findModel(name)));
}

/**
 * A bundled model by its name, or any model by its folder.
 * @throws {SamsrError} when there is none, or its `model.json` is not one.
 */
export async function findModel(nameOrFolder: string): Promise<InstalledModel> {
  const bundled = join(BUNDLED, basename(nameOrFolder));
  for (const folder of nameOrFolder === basename(nameOrFolder) ? [bundled, nameOrFolder] : [nameOrFolder]) {
    const text = await readFile(join(folder, "model.json"), "utf8").catch(() => undefined);
    if (text === undefined) continue;
    const description = parseDescription(text, join(folder, "model.json"));
    const sizes = await Promise.all(
      Object.values(description.weights).map((file) =>
        stat(join(folder, file)).then(
          (s) => s.size,
          () => 0,
        ),
      ),
    );
    return { folder, description, bytes: sizes.reduce((a, b) => a + b, 0) };
  }
  const known = (await readdir(BUNDLED).catch(() => [])).join(", ");
  throw new SamsrError(
    `no model "${nameOrFolder}": expected the name of an installed one (${known}) or a folder with a model.json`,
  );
}

/** @throws {SamsrError} naming the file, when it is missing or damaged. */
export async function loadModelWeights(
  model: InstalledModel,
  part: "student" | "teacher",
): Promise<StateDict> {
  const path = join(model.folder, model.description.weights[part]);
  const bytes = await readFile(path).catch(() => {
    throw new SamsrError(`model ${model.description.name}: its file ${path} is missing; install it again`);
  });
  return readSafetensors(bytes, path).tensors;
}

function parseDescription(text: string, path: string): ModelDescription {
  let json: Partial<ModelDescription>;
  try {
    json = JSON.parse(text) as Partial<ModelDescription>;
  } catch {
    throw new SamsrError(`${path}: not JSON; install the model again`);
  }
  if (json?.network !== "pixel-denoiser") {
    throw new SamsrError(`${path}: unknown network "${json?.network}"; this version runs pixel-denoiser`);
  }
  for (const key of ["name", "config", "schedule", "weights", "m"] as const) {
    if (json[key] === undefined)
      throw new SamsrError(`${path}: "${key}" is missing; install the model again`);
  }
  for (const part of ["student", "teacher"] as const) {
    const file = json.weights?.[part];
    if (typeof file !== "string" || file === "" || basename(file) !== file) {
      throw new SamsrError(`${path}: "weights.${part}" must be the name of a file beside it`);
    }
  }
  return json as ModelDescription;
}
