/** Networks as ncnn keeps them: a text of layers, `.param`, and their numbers, `.bin`. */
import { type Fail, oneLine, SamsrError } from "../../base/errors.js";
import type { Shapes } from "../../networks/index.js";
import { createScope, frozenScope, type Scope, type StateDict } from "../../nn/index.js";
import { input, sameGraph, stored, toModel } from "../../onnx/index.js";
import { peakBytes } from "../../onnx/memory.js";
import type { ByteSource } from "../byte-source.js";
import { ncnnGraph } from "./graph.js";
import { publishedNames } from "./names.js";
import { LARGEST_PARAM, type Layer, MAGIC, parseParam } from "./param.js";
import { type Parameter, parametersOf, readNumbers, sizesOf } from "./weights.js";

/**
 * A pair of which the text has been read: its tensors under the names that their network publishes them by.
 */
interface NcnnOutline {
  readonly shapes: Shapes;
  load(): Promise<StateDict>;
}

/** What the values of a network may take for 64 x 64 pixels: a file claims any number of them at no cost. */
const MOST_BYTES = 1e9;

/** What the binary form of the text begins with. */
const BINARY_MARK = Uint8Array.of(0xdd, 0x85, 0x76, 0x00);

/** Tells whether a file is the text of a pair. */
async function isParam(source: ByteSource): Promise<boolean> {
  const start = await source.read(0, Math.min(source.size, MAGIC.length + 1));
  if (source.size >= 4 && BINARY_MARK.every((byte, i) => start[i] === byte)) {
    throw new SamsrError(`${source.name}: it is ncnn's text in its binary form; give the text, .param`);
  }
  return /^7767517\s$/.test(String.fromCharCode(...start));
}

/** A pair of which the text has been read. */
interface Pair {
  readonly name: string;
  readonly layers: readonly Layer[];
  readonly parameters: readonly Parameter[];
  /** Returns the numbers of the parameters, in their order. */
  numbers(): Promise<Float32Array[]>;
}

/** Paths of files without each `.bin` whose `.param` is among them: either of a pair stands for both. */
export function withoutSecondHalves(paths: readonly string[]): string[] {
  return paths.filter((path) => !/\.bin$/i.test(path) || !paths.includes(path.replace(/\.bin$/i, ".param")));
}

/**
 * Reads a pair by either of its files, the other one lying beside it.
 * @returns undefined for a `.bin` that has no `.param` beside it, and so may be anything
 * @throws {SamsrError} naming the file and what is wrong with it, or that its layers are of no known network
 */
export async function outlineNcnn(source: ByteSource): Promise<NcnnOutline | undefined> {
  const pair = await openPair(source);
  if (!pair) return undefined;
  const { name, parameters } = pair;
  const names = namesOf(pair);
  if (!names) return failure(name)("its layers are those of no network that samsr knows");
  return {
    shapes: new Map(names.map((tensor, i) => [tensor, parameters[i].shape])),
    async load() {
      const numbers = await pair.numbers();
      return new Map(numbers.map((data, i) => [names[i], { shape: parameters[i].shape, data }]));
    },
  };
}

/**
 * Returns a pair whose layers are of no known network, as an ONNX model from `lq` [1, 3, H, W] to `hr`, RGB
 * from 0 to 1; batch, height and width are free.
 * @returns undefined for what is no pair, or one of a known network
 * @throws {SamsrError} naming the file and what is wrong with it, such as a layer that is not read
 */
export async function ncnnModel(
  source: ByteSource,
  precision?: "float32" | "float16",
): Promise<Uint8Array | undefined> {
  const pair = await openPair(source);
  if (!pair || namesOf(pair)) return undefined;
  const { name, layers, parameters } = pair;
  // Sides that divide by what networks ask for.
  const graph = (p: Scope, batch: number, height: number) => ({
    hr: ncnnGraph(layers, p, input("lq", [batch, 3, height, 64])),
  });
  try {
    const shapes = createScope((name, shape) => stored({ file: "", offset: 0 }, shape, name));
    const small = graph(shapes, 1, 64);
    if (!sameGraph(small, graph(shapes, 2, 128))) {
      throw new Error("its layers do not take pictures of every size");
    }
    const bytes = peakBytes([small.hr]);
    if (bytes > MOST_BYTES) throw new Error(`its layers would need ${bytes} bytes for 64 x 64 pixels`);
  } catch (error) {
    failure(name)((error as Error).message, error);
  }
  const numbers = await pair.numbers();
  const weights = new Map(
    numbers.map((data, i) => [parameters[i].name, { shape: parameters[i].shape, data }]),
  );
  const dimensions = {
    lq: ["batch", undefined, "height", "width"],
    hr: ["batch", undefined, "hr_height", "hr_width"],
  };
  return toModel(graph(frozenScope(weights), 1, 64), { name: `samsr ${name}`, precision, dimensions }).bytes;
}

function namesOf({ name, layers, parameters }: Pair): string[] | undefined {
  try {
    return publishedNames(layers, parameters);
  } catch (error) {
    return failure(name)((error as Error).message, error);
  }
}

async function openPair(source: ByteSource): Promise<Pair | undefined> {
  if (await isParam(source)) {
    return readText(source, async (read) => {
      const numbers = await source.beside?.(".bin", read);
      return numbers ?? failure(source.name)("its numbers, the .bin beside it, are not there");
    });
  }
  if (!/\.bin$/i.test(source.name)) return undefined;
  return source.beside?.(".param", async (param) =>
    (await isParam(param)) ? readText(param, (read) => read(source)) : undefined,
  );
}

async function readText(
  param: ByteSource,
  withBin: (read: (bin: ByteSource) => Promise<Float32Array[]>) => Promise<Float32Array[]>,
): Promise<Pair> {
  const { name } = param;
  const fail = failure(name);
  if (param.size > LARGEST_PARAM) fail(`it has ${param.size} bytes, more than any network's text`);
  const layers = parseParam(new TextDecoder().decode(await param.read(0, param.size)), fail);
  const parameters = parametersOf(layers, fail);
  const numbers = () =>
    withBin(async (bin) => {
      const failBin = failure(bin.name);
      const [least, most] = sizesOf(parameters);
      if (bin.size < least || bin.size > most) {
        failBin(`it has ${bin.size} bytes, and the layers in ${name} need from ${least} to ${most}`);
      }
      return readNumbers(await bin.read(0, bin.size), parameters, failBin);
    });
  return { name, layers, parameters, numbers };
}

function failure(name: string): Fail {
  return (what, cause) => {
    throw new SamsrError(`${name}: not an ncnn network that can be read: ${oneLine(what)}`, { cause });
  };
}
