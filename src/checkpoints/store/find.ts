/**
 * Installed models: a folder each, with `model.json` (what it is and how to run it), the weights it names,
 * and sometimes `CARD.md` for people.
 */
import { readdir, readFile, stat } from "node:fs/promises";
import { basename, join } from "node:path";
import { checkText } from "../../base/arguments.js";
import { SamsrError } from "../../base/errors.js";
import { isPlainName } from "../../base/plain-name.js";
import type { ModelDescription } from "../description.js";
import { parseDescription } from "../parse-description.js";
import { storeError } from "./errors.js";
import { isFile, modelInFile } from "./file-model.js";
import { BUNDLED, storeFolder } from "./places.js";

export interface InstalledModel<Description extends ModelDescription = ModelDescription> {
  readonly folder: string;
  /**
   * Where the model lies: it came with the package, the user added it, or somebody named its folder or its
   * file of weights. The weights of a file are read by `loadModelWeights`.
   */
  readonly place: "bundled" | "stored" | "folder" | "file";
  readonly description: Description;
  /** The size of the model's weight files together. */
  readonly bytes: number;
  /** Weight files that are not there. */
  readonly missing: readonly string[];
}

/** A folder among the models that is none, and why. */
interface DamagedModel {
  readonly name: string;
  readonly folder: string;
  readonly reason: string;
}

/** Lists every model that can be read, the bundled ones first. */
export async function listModels(): Promise<InstalledModel[]> {
  return (await surveyModels()).models;
}

/**
 * Returns every folder among the models, and which of them are damaged. Work under way (names that begin with
 * a dot) and a stored model that has a bundled one's name, and so is never found, are left out.
 * @throws {SamsrError} when the store is there and cannot be read
 */
export async function surveyModels(): Promise<{ models: InstalledModel[]; damaged: DamagedModel[] }> {
  const bundled = await foldersIn(BUNDLED);
  const stored = (await foldersIn(storeFolder())).filter((name) => !bundled.includes(name));
  const models: InstalledModel[] = [];
  const damaged: DamagedModel[] = [];
  const look = async (folder: string, place: InstalledModel["place"], name: string) => {
    try {
      const model = await readModel(folder, place);
      if (!model) throw new SamsrError(`${join(folder, "model.json")} is missing`);
      models.push(model);
    } catch (error) {
      if (!(error instanceof SamsrError)) throw error;
      damaged.push({ name, folder, reason: error.message });
    }
  };
  for (const name of bundled) await look(join(BUNDLED, name), "bundled", name);
  for (const name of stored) await look(join(storeFolder(), name), "stored", name);
  return { models, damaged };
}

/**
 * Finds a model by its name, bundled or else stored; or any model by its folder, or by its file of weights.
 * @throws {SamsrError} when there is none, its `model.json` is not one, or the file holds no network that is
 *   a model by itself.
 */
export async function findModel(nameOrFolder: string): Promise<InstalledModel> {
  checkText("a model's name", nameOrFolder);
  if (isPlainName(nameOrFolder)) {
    const byName =
      (await readModel(join(BUNDLED, nameOrFolder), "bundled")) ??
      (await readModel(join(storeFolder(), nameOrFolder), "stored"));
    if (byName) return byName;
  }
  const model = await readModel(nameOrFolder, "folder");
  if (model) return model;
  if (await isFile(nameOrFolder)) return modelInFile(nameOrFolder);
  const { models, damaged } = await surveyModels();
  const known = models.map(({ description }) => description.name).join(", ");
  const half = damaged.find(({ name }) => name === nameOrFolder);
  if (half) throw new SamsrError(`the model ${half.name} is damaged: ${half.reason}; install it again`);
  throw new SamsrError(
    `no model "${nameOrFolder}": expected the name of an installed one (${known}), a folder with a ` +
      "model.json, or a file of weights",
  );
}

async function foldersIn(folder: string): Promise<string[]> {
  const entries = await readdir(folder, { withFileTypes: true }).catch((error: NodeJS.ErrnoException) => {
    if (error.code === "ENOENT") return [];
    throw storeError(folder, error, "read");
  });
  const found = entries.filter((e) => (e.isDirectory() || e.isSymbolicLink()) && isPlainName(e.name));
  return found.map((e) => e.name).sort();
}

/** Reads the model in a folder, or undefined when there is no `model.json`. */
async function readModel(
  folder: string,
  place: InstalledModel["place"],
): Promise<InstalledModel | undefined> {
  const path = join(folder, "model.json");
  const json = await readFile(path, "utf8").catch((error: NodeJS.ErrnoException) => {
    if (error.code === "ENOENT" || error.code === "ENOTDIR") return undefined;
    throw storeError(path, error, "read");
  });
  if (json === undefined) return undefined;
  const described = parseDescription(json, path);
  // What is looked up by its folder's name goes by that name, renamed or not.
  const description = place === "folder" ? described : { ...described, name: basename(folder) };
  const sizes = new Map<string, number | undefined>();
  for (const file of Object.values<string>(description.weights)) {
    const facts = await stat(join(folder, file)).catch(() => undefined);
    sizes.set(file, facts?.isFile() ? facts.size : undefined);
  }
  return {
    folder,
    place,
    description,
    bytes: [...sizes.values()].reduce<number>((sum, size) => sum + (size ?? 0), 0),
    missing: [...sizes].flatMap(([file, size]) => (size === undefined ? [file] : [])),
  };
}
