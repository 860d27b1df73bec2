/**
 * One door for files of weights. PyTorch's and safetensors are told apart by their first bytes, because people rename
 * files and downloads end in anything.
 */
import { open, readFile } from "node:fs/promises";
import { SamsrError } from "../base/errors.js";
import type { StateDict } from "../nn/index.js";
import { readPth } from "./pth.js";
import { readSafetensors } from "./safetensors.js";
import { type Shapes, shapesOf, stateDictOf, withoutPrefixes } from "./state-dict.js";

export interface Checkpoint {
  /** Out of wrappers, without the prefixes of parallel and compiled modules, as float32; whole numbers and booleans left out. */
  readonly weights: StateDict;
  /** Names and shapes of all tensors, those of whole numbers included: what `recognise` asks for. */
  readonly shapes: Shapes;
}

/**
 * Reads a PyTorch or a safetensors file.
 * @throws {SamsrError} naming the file and what is wrong with it.
 *
 * @example
 * const { weights, shapes } = await openCheckpoint("resshift_realsrx4_s15_v1.pth");
 * const { network, config } = recognise(shapes, "resshift_realsrx4_s15_v1.pth");
 */
export async function openCheckpoint(path: string): Promise<Checkpoint> {
  if (await isSafetensors(path)) {
    const weights = withoutPrefixes(readSafetensors(await readFile(path), path).tensors, path);
    return { weights, shapes: new Map([...weights].map(([name, { shape }]) => [name, shape])) };
  }
  const checkpoint = await readPth(path);
  return { weights: stateDictOf(checkpoint), shapes: shapesOf(checkpoint) };
}

/** The weights of `openCheckpoint` alone. */
export async function readCheckpoint(path: string): Promise<StateDict> {
  return (await openCheckpoint(path)).weights;
}

/** The shapes of `openCheckpoint` alone. */
export async function readShapes(path: string): Promise<Shapes> {
  return (await openCheckpoint(path)).shapes;
}

/** Whether a JSON object follows eight bytes of its length; a damaged PyTorch file is told about by its own reader. */
async function isSafetensors(path: string): Promise<boolean> {
  const file = await open(path).catch((cause: NodeJS.ErrnoException) => {
    const why = cause.code === "ENOENT" ? "there is no such file" : cause.message;
    throw new SamsrError(`${path}: ${why}`, { cause });
  });
  try {
    if (!(await file.stat()).isFile()) {
      throw new SamsrError(`${path}: this is no file; expected weights, .pth or .safetensors`);
    }
    const { buffer, bytesRead } = await file.read(Buffer.alloc(9), 0, 9, 0);
    return bytesRead === 9 && buffer[8] === 0x7b && buffer.toString("latin1", 0, 4) !== "PK\x03\x04";
  } finally {
    await file.close();
  }
}
