/**
 * What a file of weights tells of itself beside its tensors: which network it holds with which configuration,
 * and how it was trained. `samsr train` writes it into the metadata of its safetensors files.
 */
import { SamsrError } from "../base/errors.js";
import { NETWORKS, type Network, type Training, trainingIn } from "../networks/index.js";
import { training as trainingFields } from "../networks/process.js";
import type { SafetensorsMetadata } from "./safetensors-header.js";

/** What is told of weights; all of it may be left out. */
export interface Told {
  /** The network and its configuration, of which shapes do not tell everything. */
  readonly network?: Network;
  readonly config?: unknown;
  readonly training?: Training;
}

/** Makes the metadata of a file of weights from what there is to tell, and anything else in words. */
export function toldMetadata({ network, config, training }: Told): Record<string, string> {
  return {
    ...(network && { network: network.name }),
    ...(config !== undefined && { config: JSON.stringify(config) }),
    ...(training && told(training)),
  };
}

/** Tells how weights were trained, where anything is told of it. */
function told(training: Training): Record<string, string> {
  const known = trainingIn(training);
  return Object.keys(known).length > 0 ? { training: JSON.stringify(known) } : {};
}

/**
 * Reads what a file of weights tells of itself. Metadata that name no network of ours are another program's,
 * and tell nothing.
 * @param name of the file, for errors
 * @throws {SamsrError} when they name a network of ours and its configuration or training makes no sense
 */
export function toldIn(metadata: SafetensorsMetadata, name: string): Told {
  const network = NETWORKS.find((one) => one.name === metadata.network);
  if (!network) return {};
  const config = parsed("config", metadata, name);
  const training = parsed("training", metadata, name);
  const complaint =
    (config === undefined ? undefined : network.config.check(config, "config")) ??
    trainingFields.check(training, "training");
  if (complaint) throw new SamsrError(`${name}: its metadata make no sense: ${complaint}`);
  return {
    network,
    ...(config !== undefined && { config: network.config.fill(config) }),
    ...(training !== undefined && { training: trainingFields.fill(training) }),
  };
}

function parsed(key: string, metadata: SafetensorsMetadata, name: string): unknown {
  const json = metadata[key];
  if (json === undefined) return undefined;
  try {
    return JSON.parse(json);
  } catch {
    throw new SamsrError(`${name}: its metadata make no sense: "${key}" is not JSON`);
  }
}
