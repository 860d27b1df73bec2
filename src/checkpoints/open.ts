/**
 * One door for files of weights. PyTorch's, safetensors and ncnn's are told apart by their first bytes,
 * because people rename files and downloads end in anything; only ncnn's numbers have nothing to be known by.
 */
import { SamsrError } from "../base/errors.js";
import type { Shapes } from "../networks/index.js";
import type { StateDict } from "../nn/index.js";
import type { ByteSource } from "./byte-source.js";
import { outlineNcnn } from "./ncnn/index.js";
import { isPth, outlinePth } from "./pth.js";
import { type Recognised, recognisedAs, recogniseNetwork } from "./recognise.js";
import { loadSafetensors, outlineSafetensors } from "./safetensors.js";
import type { SafetensorsMetadata } from "./safetensors-header.js";
import { type CheckpointFile, withSource } from "./source.js";
import { loadStateDict, shapesOf, withoutPrefixes } from "./state-dict.js";
import { type Told, toldIn } from "./told.js";

export interface Checkpoint {
  /**
   * Out of wrappers, without the prefixes of parallel and compiled modules, as float32; whole numbers and
   * booleans left out.
   */
  readonly weights: StateDict;
  /** Names and shapes of all tensors, those of whole numbers included: what `recogniseNetwork` asks for. */
  readonly shapes: Shapes;
}

/**
 * Reads a PyTorch file, a safetensors file, or by either of them the two files of an ncnn network. A file on
 * disk or a Blob is read tensor by tensor; what is given as bytes is not copied: the weights are views on it
 * wherever they can be.
 * @param name what errors call it, when it is no path
 * @throws {SamsrError} naming the file and what is wrong with it.
 *
 * @example
 * const { weights, shapes } = await openCheckpoint("resshift_realsrx4_s15_v1.pth");
 * const { network, config } = recogniseNetwork(shapes, "resshift_realsrx4_s15_v1.pth");
 */
export async function openCheckpoint(file: CheckpointFile, name?: string): Promise<Checkpoint> {
  return withSource(file, name, async (source) => {
    const { shapes, load } = await outline(source);
    return { shapes, weights: await load() };
  });
}

/** A recognised network, and how its weights were trained as far as that is told. */
export type RecognisedCheckpoint = Recognised & Pick<Told, "training">;

/**
 * Recognises which network a file of weights holds, by its tensors and by what it tells of itself beside
 * them. Its header, or outline, is all that is read.
 * @param beside what lies beside the file and tells of it, for one that tells nothing itself; where it does
 *   not fit the tensors it is left out
 * @throws {SamsrError} as `openCheckpoint` and `recogniseNetwork`, and for metadata that make no sense
 */
export async function recogniseCheckpoint(
  file: CheckpointFile,
  name?: string,
  beside: Told = {},
): Promise<RecognisedCheckpoint> {
  return withSource(file, name, async (source) => {
    const { shapes, metadata = {} } = await outline(source);
    const found = recogniseNetwork(shapes, source.name);
    const own = toldIn(metadata, source.name);
    const isAbout = ({ network }: Told) => network?.name === found.network;
    if (isAbout(own) && own.config !== undefined) {
      const recognised = recognisedAs(found, own.config, shapes);
      if (recognised) return { ...recognised, training: own.training };
      throw new SamsrError(`${source.name}: the configuration in its metadata is not that of its tensors`);
    }
    const recognised = isAbout(beside) ? recognisedAs(found, beside.config, shapes) : undefined;
    return recognised ? { ...recognised, training: beside.training } : found;
  });
}

/** Reads the weights of `openCheckpoint` alone. */
export async function readCheckpoint(file: CheckpointFile, name?: string): Promise<StateDict> {
  return (await openCheckpoint(file, name)).weights;
}

/** Reads the shapes of `openCheckpoint` alone: a few kilobytes are read. */
export async function readShapes(file: CheckpointFile, name?: string): Promise<Shapes> {
  return withSource(file, name, async (source) => (await outline(source)).shapes);
}

async function outline(
  source: ByteSource,
): Promise<{ shapes: Shapes; metadata?: SafetensorsMetadata; load(): Promise<StateDict> }> {
  if (await isSafetensors(source)) {
    const { tensors, metadata } = await outlineSafetensors(source);
    return {
      metadata,
      shapes: withoutPrefixes(new Map(tensors.map(({ name, shape }) => [name, shape])), source.name),
      load: async () => withoutPrefixes((await loadSafetensors(source)).tensors, source.name),
    };
  }
  // PyTorch's files are called .bin too.
  const ncnn = (await isPth(source)) ? undefined : await outlineNcnn(source);
  if (ncnn) return ncnn;
  const pth = await outlinePth(source);
  return { shapes: shapesOf(pth), load: () => loadStateDict(pth) };
}

/**
 * Tells whether a JSON object follows eight bytes of its length; a damaged PyTorch file is told about by its
 * own reader.
 */
async function isSafetensors(source: ByteSource): Promise<boolean> {
  if (source.size < 9) return false;
  const start = String.fromCharCode(...(await source.read(0, 9)));
  return start[8] === "{" && !start.startsWith("PK\x03\x04");
}
