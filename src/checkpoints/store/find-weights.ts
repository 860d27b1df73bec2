/**
 * Weights by whatever name a person has for them: a file that `samsr models add` takes, an installed model's
 * name, or a model's folder. Whoever needs one network of somebody's asks here.
 */
import { stat } from "node:fs/promises";
import { join } from "node:path";
import { checkText } from "../../base/arguments.js";
import { SamsrError } from "../../base/errors.js";
import { type Network, type Training, trainingIn } from "../../networks/index.js";
import type { StateDict } from "../../nn/index.js";
import { networksIn } from "../description.js";
import { readCheckpoint, recogniseCheckpoint } from "../open.js";
import { networkNamed } from "../recognise.js";
import type { Told } from "../told.js";
import { findModel, type InstalledModel } from "./find.js";
import { loadModelWeights } from "./weights.js";

/** Which network is wanted. */
interface WantedWeights {
  /** The networks of which one will do. */
  readonly networks: readonly Network[];
  /** What errors say is expected, such as "a denoiser"; default: the networks' titles. */
  readonly expected?: string;
  /**
   * The part that is taken of a model which holds several such networks, the best first; default: its first.
   */
  readonly parts?: readonly string[];
  /** What lies beside a file and tells of it, for a file that tells nothing of itself. */
  readonly beside?: (path: string) => Promise<Told>;
}

/** Weights that were found; their numbers are read when they are asked for. */
export interface FoundWeights {
  /** What messages call them: the file, or the model and its part. */
  readonly name: string;
  /** The file that holds them. */
  readonly path: string;
  readonly network: Network;
  /** The configuration of the network. */
  readonly config: unknown;
  /** How they were trained, as far as the file or the model tells. */
  readonly training?: Training;
  /** The model that they are of; left out for a file. */
  readonly model?: InstalledModel;
  /** Reads them. @throws {SamsrError} naming the file, when it is missing or damaged */
  load(): Promise<StateDict>;
}

/**
 * Finds weights by a file, a model's name, or a model's folder, in this order.
 * @throws {SamsrError} when there is nothing of that name, it cannot be read, or it holds no such network
 */
export async function findWeights(given: string, wanted: WantedWeights): Promise<FoundWeights> {
  checkText("weights", given);
  const facts = await stat(given).catch(() => undefined);
  if (facts?.isFile()) return fromFile(given, wanted);
  const model = await findModel(given).catch((error) => {
    if (facts || !looksLikeFile(given)) throw error;
    throw new SamsrError(
      `${given}: there is no such file; expected weights, .pth or .safetensors, or an installed model's name`,
      { cause: error },
    );
  });
  return fromModel(model, wanted);
}

/** Tells whether a word that is no file was meant for one. */
function looksLikeFile(word: string): boolean {
  return /[/\\]|\.(pth|pt|ckpt|safetensors)$/i.test(word);
}

async function fromFile(path: string, wanted: WantedWeights): Promise<FoundWeights> {
  const {
    network: name,
    config,
    training,
  } = await recogniseCheckpoint(path, path, await wanted.beside?.(path));
  const network = networkNamed(name);
  if (!wanted.networks.includes(network)) {
    throw new SamsrError(`${path}: holds a ${name}; expected ${expectedOf(wanted)}`);
  }
  return { name: path, path, network, config, training, load: () => readCheckpoint(path) };
}

function fromModel(model: InstalledModel, wanted: WantedWeights): FoundWeights {
  const { description, folder } = model;
  const { name } = description;
  const held = networksIn(description).filter(({ network }) => wanted.networks.includes(network));
  const preferred = wanted.parts?.flatMap((part) => held.find((one) => one.part === part) ?? []);
  const [found] = [...(preferred ?? []), ...held];
  if (!found) {
    throw new SamsrError(`the model ${name} is a ${description.network}; expected ${expectedOf(wanted)}`);
  }
  const { part, file, network, config } = found;
  return {
    name: `the ${part} of ${name}`,
    path: join(folder, file),
    ...{ network, config, model, training: trainingIn(description as Training) },
    load: () => loadModelWeights(model, part),
  };
}

function expectedOf({ networks, expected }: WantedWeights): string {
  return expected ?? networks.map(({ title }) => title).join(" or ");
}
