/** Models of a page: a folder of a server, or a file that the visitor gave. */
import { SamsrError } from "../base/errors.js";
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
import { networkNamed, recognise } from "../checkpoints/recognise.js";
import type { Raster } from "../image/raster.js";
import { COVERAGE_NETWORK } from "../networks/index.js";
import type { StateDict } from "../nn/index.js";
import type { Device } from "../runtime/index.js";
import { type CoveragePredictor, createCoveragePredictor } from "../semantics/coverage-network.js";
import type { Coverage } from "../semantics/index.js";

/** The address of a folder with `model.json` and weights, or a checkpoint of a network of one pass. */
export type ModelSource = string | URL | Blob;

/** A model, and where its files are; it can be sent to a worker. */
export interface PageModel<D extends ModelDescription = ModelDescription> {
  readonly description: D;
  /** By the name of the part: an address, or the file itself. */
  readonly files: Readonly<Record<string, string | Blob>>;
}

/**
 * Reads what a model is; its weights are read when they are needed.
 * @throws SamsrError of one line where there is none, or it cannot be used in a page
 */
export async function openModel(source: ModelSource): Promise<PageModel> {
  return source instanceof Blob ? modelOfFile(source, nameOf(source)) : modelOfFolder(source);
}

function nameOf(file: Blob): string {
  return "name" in file ? String(file.name) : "the file";
}

/** As {@link openModel}. @throws SamsrError for a model that enlarges nothing, too */
export async function openUpscalingModel(source: ModelSource): Promise<PageModel<UpscalingModel>> {
  const { description, files } = await openModel(source);
  if (enlarges(description)) return { description, files };
  throw new SamsrError(
    `${description.name} is ${networkOf(description).title}: it enlarges no pictures; choose another`,
  );
}

async function modelOfFolder(source: string | URL): Promise<PageModel> {
  const base = new URL(`${source}`.replace(/\/?$/, "/"), globalThis.location?.href);
  const address = new URL("model.json", base);
  const description = parseDescription(await (await fetched(address)).text(), address.href);
  const files = Object.fromEntries(
    Object.entries(description.weights).map(([part, file]) => [part, new URL(file, base).href]),
  );
  return { description, files };
}

async function modelOfFile(file: Blob, name: string): Promise<PageModel> {
  const found = recognise(await readShapes(file, name), name);
  const network = networkNamed(found.network);
  const refusal = network.model.refusal?.(found);
  if (refusal) throw new SamsrError(`${name}: ${refusal}`);
  const parts = Object.entries(network.model.weights);
  if (parts.some(([, held]) => held !== "self")) {
    throw new SamsrError(
      `${name} is ${network.title}, which needs a second file of weights; a page takes models of one file`,
    );
  }
  const weights = Object.fromEntries(parts.map(([part]) => [part, name]));
  const facts = { name, summary: network.title, licence: "not stated; ask where the weights come from" };
  const training = network.model.training?.({});
  const description = { ...facts, network: network.model.kind, config: found.config, ...training, weights };
  return {
    description: description as ModelDescription,
    files: Object.fromEntries(parts.map(([part]) => [part, file])),
  };
}

/** A file of a server. @throws SamsrError where it is not to be had */
async function fetched(address: URL | string): Promise<Response> {
  const response = await fetch(address).catch((cause) => {
    throw new SamsrError(`${address} cannot be fetched (${cause.message}); is the network there?`, { cause });
  });
  if (response.ok) return response;
  throw new SamsrError(`${address} cannot be fetched (${response.status}); is the model's folder there?`);
}

/** The weights of one part of a model. @throws SamsrError where they are missing or damaged */
export async function weightsOf({ files }: PageModel, part: string): Promise<StateDict> {
  const file = files[part];
  const blob = typeof file === "string" ? await (await fetched(file)).blob() : file;
  const name = typeof file === "string" ? file : "the model's file";
  return readCheckpoint(blob, name);
}

/** The coverage network of a page, loaded when it is first asked. */
export function createPageCoverage(
  source: string | URL,
  options: { readonly device: Device; readonly threads?: number },
): { predictCoverage(raster: Raster): Promise<Coverage>; release(): Promise<void> } {
  let loading: Promise<CoveragePredictor> | undefined;
  const load = async () => {
    const model = await openModel(source);
    const { description } = model;
    if (!isModelOf(description, COVERAGE_NETWORK)) {
      throw new SamsrError(`${source} is ${networkOf(description).title}, expected a coverage network`);
    }
    return createCoveragePredictor(await weightsOf(model, "network"), description.config, options);
  };
  return {
    predictCoverage: async (raster) => (await (loading ??= load())).coverage(raster),
    release: async () => (await loading?.catch(() => undefined))?.release(),
  };
}
