/** Files of weights as models, without adding them to the store. */
import { stat } from "node:fs/promises";
import { basename, dirname, resolve } from "node:path";
import type { CommonDescription } from "../../networks/index.js";
import type { ModelDescription, OnnxFileModel } from "../description.js";
import { describeLone, NO_LICENCE } from "../lone-model.js";
import { ncnnModel } from "../ncnn/index.js";
import { examineOnnx, isOnnx, type OnnxFileOptions } from "../onnx-file/index.js";
import { readShapes } from "../open.js";
import { isPth } from "../pth.js";
import { recogniseNetwork } from "../recognise.js";
import { withSource } from "../source.js";

/** A model whose weights are a file that somebody named. */
interface FileModel {
  readonly folder: string;
  readonly place: "file";
  readonly description: ModelDescription;
  readonly bytes: number;
  readonly missing: readonly string[];
}

/**
 * Returns the model in a file of weights, which stays where it is and as it is.
 * @throws {SamsrError} for a file that cannot be read, holds no known network, or one that needs the weights
 *   of another
 */
export async function modelInFile(path: string): Promise<FileModel> {
  const place = { folder: dirname(resolve(path)), place: "file", missing: [] } as const;
  const bytes = (await stat(path)).size;
  const onnx = await onnxIn(path);
  if (onnx) return { ...place, bytes, description: await describeOnnxFile(path, onnx) };
  const file = basename(path);
  const description = describeLone(recogniseNetwork(await readShapes(path), path), path, {
    name: file,
    summary: (title) => `${title}, from ${file}`,
    needsMore: (title) =>
      `${title}, which needs other weights too; "samsr models add ${file}" makes a model of them`,
  });
  return { ...place, bytes, description };
}

/**
 * Returns the ONNX model in a file: its path where it is an ONNX file, its bytes where it is an ncnn network
 * that is not known by its layers; undefined for anything else.
 * @throws {SamsrError} naming a pair of ncnn's that cannot be read
 */
export async function onnxIn(
  path: string,
  precision?: "float32" | "float16",
): Promise<string | Uint8Array | undefined> {
  if (!(await isFile(path))) return undefined;
  return withSource(path, undefined, async (source) => {
    if (await isOnnx(source)) return path;
    return (await isPth(source)) ? undefined : ncnnModel(source, precision);
  });
}

/**
 * Describes an ONNX model in a file as a model: how pictures go into it and come out, found out by trial
 * where it is not told.
 * @param model as `onnxIn` gives it
 * @throws {SamsrError} for a file that does not make one large picture of one small one
 */
export async function describeOnnxFile(
  path: string,
  model: string | Uint8Array,
  { summary, licence, source, ...options }: OnnxFileOptions & Partial<CommonDescription> = {},
): Promise<OnnxFileModel> {
  const file = basename(path);
  return {
    name: file,
    summary: summary ?? `${typeof model === "string" ? "an ONNX file" : "a network of ncnn's"}, ${file}`,
    licence: licence ?? NO_LICENCE,
    ...(source && { source }),
    network: "onnx",
    // ncnn's networks have one range; what is undefined in the options does not count.
    config: await examineOnnx(model, path, {
      ...options,
      range: options.range ?? (typeof model === "string" ? undefined : "0..1"),
    }),
    weights: { network: file },
  };
}

/** Tells whether something at a path may be a file of weights. */
export async function isFile(path: string): Promise<boolean> {
  return stat(path).then(
    (facts) => facts.isFile(),
    () => false,
  );
}
