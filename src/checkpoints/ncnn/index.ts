/** Networks as ncnn keeps them: a text of layers, `.param`, and their numbers, `.bin`. */
import { type Fail, oneLine, SamsrError } from "../../base/errors.js";
import type { Shapes } from "../../networks/index.js";
import type { StateDict } from "../../nn/index.js";
import type { ByteSource } from "../byte-source.js";
import { publishedNames } from "./names.js";
import { LARGEST_PARAM, MARK, parseParam } from "./param.js";
import { parametersOf, readNumbers, sizesOf } from "./weights.js";

/**
 * A pair of which the text has been read: its tensors under the names that their network publishes them by.
 */
export interface NcnnOutline {
  readonly shapes: Shapes;
  load(): Promise<StateDict>;
}

/** What the binary form of the text begins with. */
const BINARY_MARK = Uint8Array.of(0xdd, 0x85, 0x76, 0x00);

/** Whether a file is the text of a pair. */
export async function isParam(source: ByteSource): Promise<boolean> {
  const start = await source.read(0, Math.min(source.size, MARK.length + 1));
  if (source.size >= 4 && BINARY_MARK.every((byte, i) => start[i] === byte)) {
    throw new SamsrError(`${source.name}: it is ncnn's text in its binary form; give the text, .param`);
  }
  return /^7767517\s$/.test(String.fromCharCode(...start));
}

/**
 * Reads a pair by either of its files, the other one lying beside it.
 * @returns undefined for a `.bin` that has no `.param` beside it, and so may be anything
 * @throws {SamsrError} naming the file and what is wrong with it
 */
export async function outlineNcnn(source: ByteSource): Promise<NcnnOutline | undefined> {
  if (await isParam(source)) {
    const load = async (read: (bin: ByteSource) => Promise<StateDict>) => {
      const state = await source.beside?.(".bin", read);
      return state ?? failure(source)("its numbers, the .bin beside it, are not there");
    };
    return outlineText(source, load);
  }
  if (!/\.bin$/i.test(source.name)) return undefined;
  return source.beside?.(".param", async (param) => {
    return (await isParam(param)) ? outlineText(param, (read) => read(source)) : undefined;
  });
}

async function outlineText(
  param: ByteSource,
  withBin: (read: (bin: ByteSource) => Promise<StateDict>) => Promise<StateDict>,
): Promise<NcnnOutline> {
  const fail = failure(param);
  if (param.size > LARGEST_PARAM) fail(`it has ${param.size} bytes, more than any network's text`);
  const layers = parseParam(new TextDecoder().decode(await param.read(0, param.size)), fail);
  const parameters = parametersOf(layers, fail);
  let names: string[] | undefined;
  try {
    names = publishedNames(layers, parameters);
  } catch (error) {
    fail((error as Error).message, error);
  }
  if (!names) return fail("its layers are those of no network that samsr knows");
  const found = names;
  return {
    shapes: new Map(found.map((name, i) => [name, parameters[i].shape])),
    load: () =>
      withBin(async (bin) => {
        const failBin = failure(bin);
        const [least, most] = sizesOf(parameters);
        if (bin.size < least || bin.size > most) {
          failBin(`it has ${bin.size} bytes, and the layers in ${param.name} need from ${least} to ${most}`);
        }
        const numbers = readNumbers(await bin.read(0, bin.size), parameters, failBin);
        return new Map(numbers.map((data, i) => [found[i], { shape: parameters[i].shape, data }]));
      }),
  };
}

function failure({ name }: ByteSource): Fail {
  return (what, cause) => {
    throw new SamsrError(`${name}: not an ncnn network that can be read: ${oneLine(what)}`, { cause });
  };
}
