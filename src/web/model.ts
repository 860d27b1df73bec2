/** Models of a page: a folder of a server, or a file that the visitor gave. */
import { checkArgument, checkText, isObject } from "../base/arguments.js";
import { SamsrError } from "../base/errors.js";
import { once, remember } from "../base/promises.js";
import { loadPublished } from "../checkpoints/convert.js";
import { networkOfKind } from "../checkpoints/description.js";
import {
  enlarges,
  isModelOf,
  type ModelDescription,
  networkOf,
  parseDescription,
  readCheckpoint,
  readShapes,
  type UpscalingModel,
} from "../checkpoints/index.js";
import { describeLone, NO_LICENCE } from "../checkpoints/lone-model.js";
import { ncnnModel } from "../checkpoints/ncnn/index.js";
import { isOnnx } from "../checkpoints/onnx-file/index.js";
import { recogniseNetwork } from "../checkpoints/recognise.js";
import { withSource } from "../checkpoints/source.js";
import type { Raster } from "../image/raster.js";
import { COVERAGE_NETWORK, ONNX_FILE } from "../networks/index.js";
import type { StateDict } from "../nn/index.js";
import type { Device } from "../runtime/index.js";
import { type CoveragePredictor, createCoveragePredictor } from "../semantics/coverage-network.js";
import type { Coverage } from "../semantics/index.js";
import { weightsAt } from "../upscale/detail.js";
import { kindOf } from "../upscale/kinds/index.js";
import type { PartWeights } from "../upscale/sessions.js";
import { withTrials } from "./trials.js";

/**
 * The address of a folder with `model.json` and weights, or a checkpoint of a network of one pass: its file,
 * or the two of ncnn.
 */
export type ModelSource = string | URL | Blob | readonly File[];

/** A model, and where its files are; it can be sent to a worker. */
export interface PageModel<D extends ModelDescription = ModelDescription> {
  readonly description: D;
  /** The files by the names of the parts: an address, or the file itself, or the two of ncnn. */
  readonly files: Readonly<Record<string, string | Blob | readonly File[]>>;
}

/**
 * Reads what a model is; its weights are read when they are needed. How pictures go into an ONNX file is
 * found out by trial, in a worker.
 * @param runtime the folder of ONNX Runtime's files
 * @throws SamsrError of one line where there is none, or it cannot be used in a page
 */
export async function openModel(source: ModelSource, runtime?: string): Promise<PageModel> {
  const good =
    source instanceof Blob ||
    source instanceof URL ||
    (typeof source === "string" && source !== "") ||
    (Array.isArray(source) && source.length > 0 && source.every((file) => file instanceof Blob));
  checkArgument("openModel: the source", source, good, "an address, a Blob, or a list of files");
  if (runtime !== undefined) checkText("openModel: the folder of ONNX Runtime", runtime);
  if (typeof source === "string" || source instanceof URL) return modelOfFolder(source);
  return modelOfFile(source, nameOf(source), runtime);
}

function nameOf(file: Blob | readonly File[]): string {
  const first = file instanceof Blob ? file : file[0]!;
  return "name" in first ? String(first.name) : "the file";
}

/**
 * Opens a model that enlarges, as {@link openModel} does. @throws SamsrError for a model that enlarges
 * nothing, too
 */
export async function openUpscalingModel(
  source: ModelSource,
  runtime?: string,
): Promise<PageModel<UpscalingModel>> {
  const { description, files } = await openModel(source, runtime);
  if (enlarges(description)) return { description, files };
  throw new SamsrError(
    `${description.name} is ${networkOf(description).title}: it enlarges no pictures; choose another`,
  );
}

/**
 * Returns the setting `detail` that a model has where none is given; undefined where it has no ends to choose
 * between.
 */
export function detailOf(description: UpscalingModel): number | undefined {
  const good = isObject(description) && networkOfKind(`${description.network}`) !== undefined;
  checkArgument("detailOf: the model", description, good, "the description of one that enlarges");
  return kindOf(description).detail?.standard;
}

async function modelOfFolder(source: string | URL): Promise<PageModel> {
  const [folder, page] = [`${source}`.replace(/\/?$/, "/"), globalThis.location?.href];
  if (!URL.canParse(folder, page)) throw new SamsrError(`${source} is no address of a model's folder`);
  const base = new URL(folder, page);
  const address = new URL("model.json", base);
  const description = parseDescription(await (await fetched(address)).text(), address.href);
  const files = Object.fromEntries(
    Object.entries(description.weights).map(([part, file]) => [part, new URL(file, base).href]),
  );
  return { description, files };
}

async function modelOfFile(
  file: Blob | readonly File[],
  name: string,
  runtime: string | undefined,
): Promise<PageModel> {
  const onnx = await onnxOf(file, name);
  if (onnx) {
    const config = await withTrials((trials) => trials.call("examine", { file: onnx, name, runtime }));
    const facts = { name, summary: "an ONNX file", licence: NO_LICENCE };
    const description = { ...facts, network: "onnx", config, weights: { network: name } };
    return { description: description as ModelDescription, files: { network: onnx } };
  }
  const description = describeLone(recogniseNetwork(await readShapes(file, name), name), name, {
    name,
    summary: (title) => title,
    needsMore: (title) => `${title}, which needs a second file of weights; a page takes models of one file`,
  });
  return {
    description,
    files: Object.fromEntries(Object.keys(description.weights).map((part) => [part, file])),
  };
}

/**
 * Returns an ONNX file as it is, and two files of ncnn as one where their network is none that samsr knows;
 * undefined for others.
 */
async function onnxOf(file: Blob | readonly File[], name: string): Promise<Blob | undefined> {
  if (file instanceof Blob) return (await withSource(file, name, isOnnx)) ? file : undefined;
  const bytes = await withSource(file, name, ncnnModel);
  return bytes && new Blob([bytes as BlobPart]);
}

/** Fetches a file of a server. @throws SamsrError where it is not to be had */
async function fetched(address: URL | string): Promise<Response> {
  const response = await fetch(address).catch((cause) => {
    throw new SamsrError(`${address} cannot be fetched (${cause.message}); is the network there?`, { cause });
  });
  if (response.ok) return response;
  throw new SamsrError(`${address} cannot be fetched (${response.status}); is the model's folder there?`);
}

/**
 * Returns the weights of one part of a model; those of a model that is an ONNX file are its bytes.
 * @param detail the setting, of a part that has a sharp end
 * @param fetchedFiles files that were fetched before, so that another detail fetches nothing again
 * @throws SamsrError where they are missing or damaged
 */
export async function weightsOf(
  model: PageModel,
  part: string,
  detail?: number,
  fetchedFiles = new Map<string, Promise<Blob>>(),
): Promise<PartWeights> {
  const { description, files } = model;
  if (isModelOf(description, ONNX_FILE)) {
    const file = files[part] as string | Blob;
    const blob = typeof file === "string" ? await fetched(file) : file;
    return { tensors: new Map(), model: new Uint8Array(await blob.arrayBuffer()) };
  }
  const load = async (name: string) => {
    const file = files[name]!;
    // What a visitor gives is as it was published; a model's folder has what is run.
    if (typeof file !== "string") return loadPublished(file, nameOf(file));
    const blob = await remember(fetchedFiles, file, async () => (await fetched(file)).blob());
    return readCheckpoint(blob, file);
  };
  return { tensors: await weightsAt(description, part, detail, load) };
}

/** Creates the coverage network of a page, loaded when it is first asked. */
export function createPageCoverage(
  source: string | URL,
  options: { readonly device: Device; readonly threads?: number },
): { predictCoverage(raster: Raster): Promise<Coverage>; release(): Promise<void> } {
  const predictor = once(async (): Promise<CoveragePredictor> => {
    const model = await openModel(source);
    const { description } = model;
    if (!isModelOf(description, COVERAGE_NETWORK)) {
      throw new SamsrError(`${source} is ${networkOf(description).title}, expected a coverage network`);
    }
    const { tensors } = await weightsOf(model, "network");
    return createCoveragePredictor(tensors as StateDict, description.config, options);
  });
  return {
    predictCoverage: async (raster) => (await predictor()).coverage(raster),
    release: async () => (await predictor.begun()?.catch(() => undefined))?.release(),
  };
}
