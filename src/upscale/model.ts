import { existsSync } from "node:fs";
import { join } from "node:path";
import { SamsrError } from "../base/errors.js";
import { enlarges, isModelOf, type UpscalingModel } from "../checkpoints/description.js";
import { onnxIn } from "../checkpoints/store/file-model.js";
import { findModel, type InstalledModel } from "../checkpoints/store/find.js";
import { locateWeights } from "../checkpoints/store/stored-weights.js";
import { loadModelWeights } from "../checkpoints/store/weights.js";
import { ONNX_FILE } from "../networks/index.js";
import type { StateDict } from "../nn/index.js";
import { blendAt, weightsAt } from "./detail.js";
import type { PartWeights } from "./sessions.js";

/**
 * Finds a model for an upscaler, by its name, its folder or its file of weights; one that was found already
 * is itself.
 * @throws {SamsrError} when there is none, or it is of a kind that enlarges nothing
 */
export async function findUpscalingModel(
  nameOrFolder: string | InstalledModel<UpscalingModel>,
): Promise<InstalledModel<UpscalingModel>> {
  if (isFound(nameOrFolder)) return nameOrFolder;
  const model = await findModel(nameOrFolder);
  const { description } = model;
  if (enlarges(description)) return { ...model, description };
  throw new SamsrError(
    `the model ${nameOrFolder} is a ${description.network}: it enlarges no pictures; choose another`,
  );
}

function isFound(model: unknown): model is InstalledModel<UpscalingModel> {
  return typeof model === "object" && model !== null && "description" in model && "folder" in model;
}

/**
 * Finds one part of a model's weights: where it lies, or its numbers where they are at another detail than
 * any file's.
 * @param detail of a part that has one, 0 to 1; default: the model's own
 * @throws {SamsrError} naming the file, when it is missing or damaged
 */
export async function findPart(model: InstalledModel, part: string, detail?: number): Promise<PartWeights> {
  const { share, sharp } = blendAt(model.description, part, detail);
  if (share === 0) return locate(model, part);
  if (share === 1) return locate(model, sharp);
  return { tensors: await loadWeights(model, part, detail) };
}

/** Loads the same, always with its numbers. */
export function loadWeights(model: InstalledModel, part: string, detail?: number): Promise<StateDict> {
  return weightsAt(model.description, part, detail, (name) => loadModelWeights(model, name));
}

async function locate(model: InstalledModel, part: string): Promise<PartWeights> {
  const { name, weights } = model.description;
  const isOnnx = isModelOf(model.description, ONNX_FILE);
  if (model.place === "file" && !isOnnx) return { tensors: await loadModelWeights(model, part) };
  const path = join(model.folder, (weights as Readonly<Record<string, string>>)[part]);
  if (!existsSync(path)) throw new SamsrError(`model ${name}: its file ${path} is missing; install it again`);
  if (!isOnnx) return locateWeights(path);
  return { tensors: new Map(), model: model.place === "file" ? await onnxIn(path) : path };
}
