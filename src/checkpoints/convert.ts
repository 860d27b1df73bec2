/** Conversion of a checkpoint to one self-contained ONNX model of one of its parts. */
import { SamsrError } from "../base/errors.js";
import type { Part, PartOptions, Size, Training } from "../networks/index.js";
import { frozenScope, type StateDict, type Weights } from "../nn/index.js";
import { anySize, type Dimension, type ModelStream, streamModel, type Value } from "../onnx/index.js";
import { openCheckpoint } from "./open.js";
import { networkNamed, type Recognised, recogniseNetwork } from "./recognise.js";
import type { CheckpointFile } from "./source.js";
import { toldMetadata } from "./told.js";

export interface ConvertOptions {
  /** The part's name, one of `partsOf`; it may be left out where there is only one. */
  readonly part?: string;
  /**
   * Height and width of the part's input. When left out, with the batch, they stay free where the network has
   * no constant of its size; else it is what the network was built for.
   */
  readonly size?: Size;
  /**
   * Side of the pictures of a part whose checkpoint does not tell it, when no size is given; 256 when left
   * out.
   */
  readonly imageSide?: number;
  /**
   * How many images, or for a mask decoder prompts, go in at once. When left out, any number where height and
   * width are free too, else 1.
   */
  readonly batch?: number;
  /**
   * The type of stored numbers; float16 stores matrices and kernels at half size; all sums are still taken in
   * float32.
   */
  readonly precision?: "float32" | "float16";
  /** How the weights were trained, for the metadata. */
  readonly training?: Training;
}

export interface Converted {
  readonly part: string;
  /** The size that was asked for; a part that takes one size only, or any, has none. */
  readonly size?: Size;
  /** Left out where any number goes. */
  readonly batch?: number;
  readonly precision: "float32" | "float16";
  readonly inputs: Readonly<Record<string, Sides>>;
  readonly outputs: Readonly<Record<string, Sides>>;
  readonly model: ModelStream;
}

/** The sides of an input or output; a word stands for any length. */
export type Sides = readonly Dimension[];

/** What a protobuf message, and so an ONNX file, may hold at most. */
const LARGEST_FILE = 2 ** 31 - 1;

/** The codebook is exact at every precision, so that a latent finds the same codes. */
export const exact = (name: string) => /(^|\.)quantize\.embedding\.weight$/.test(name);

/**
 * Returns the graphs that a recognised network is made of.
 * @param options what a checkpoint does not tell
 */
export function partsOf(recognised: Recognised, options?: PartOptions): readonly Part[] {
  return networkNamed(recognised.network).parts(recognised, options);
}

/**
 * Converts a part of a recognised checkpoint to an ONNX model, with free batch, height and width where the
 * network has no constant of its size and none is asked for. The metadata of the model say what it is:
 * network, part, size and batch ("any" where they are free), the multiple of sides, precision, configuration
 * and training as JSON.
 * @param name of the file, for errors
 * @throws {SamsrError} when the part, the size or the batch cannot be
 *
 * @example
 * const { shapes, weights } = await openCheckpoint("autoencoder_vq_f4.pth");
 * const recognised = recogniseNetwork(shapes, "autoencoder_vq_f4.pth");
 * const { model } = convert(weights, recognised, "autoencoder_vq_f4.pth", { part: "encode" });
 * for (const bytes of model.pieces()) file.write(bytes);
 */
export function convert(
  weights: Weights,
  recognised: Recognised,
  name: string,
  options: ConvertOptions = {},
): Converted {
  const { precision = "float32", training } = options;
  const { part, size, any } = planConvert(recognised, name, options);
  const scope = frozenScope(runnableWeights(weights, recognised));
  const free = any
    ? anySize(([n, height, width]) => part.build(scope, { height, width }, n), {
        input: part.sized!.input,
        multiple: part.sized!.multiple,
        batch: any === "size" ? 1 : undefined,
      })
    : undefined;
  const batch = free && any === "size and batch" ? undefined : (options.batch ?? 1);
  const built = free?.outputs ?? part.build(scope, size ?? { height: 0, width: 0 }, batch ?? 1);
  const { network, config } = recognised;
  const metadata = {
    network,
    part: part.name,
    ...(free ? { size: "any" } : size && { size: `${size.height}x${size.width}` }),
    ...(!free && size && { multiple: String(part.sized!.multiple) }),
    batch: batch === undefined ? "any" : String(batch),
    precision,
    ...toldMetadata({ config, training }),
  };
  const dimensions = free?.dimensions;
  const model = streamModel(built, {
    ...{ name: `samsr ${network} ${part.name}`, precision, exact, metadata, dimensions },
  });
  checkFileSize(model, name, precision);
  const sides = (key: string, { shape }: Pick<Value, "shape">) => [key, dimensions?.[key] ?? shape] as const;
  const inputs = Object.fromEntries(model.inputs.map((input) => sides(input.name, input)));
  const outputs = Object.fromEntries(Object.entries(built).map(([key, value]) => sides(key, value)));
  return { part: part.name, size: free ? undefined : size, batch, precision, inputs, outputs, model };
}

/** Returns what a network is run with, of the tensors of its checkpoint. */
export function runnableWeights<W extends Weights>(weights: W, recognised: Recognised): W | StateDict {
  const { runnable } = networkNamed(recognised.network);
  return runnable ? runnable(weights as StateDict, recognised) : weights;
}

/**
 * Loads the weights that are run of a file as it was published.
 * @throws {SamsrError} for a file that cannot be read, or holds no known network
 */
export async function loadPublished(file: CheckpointFile, name: string): Promise<StateDict> {
  const { shapes, weights } = await openCheckpoint(file, name);
  return runnableWeights(weights, recogniseNetwork(shapes, name));
}

/**
 * Finds out which part of what size the options ask for, before any weight is read.
 * @throws {SamsrError} listing the parts, when none or none of them is chosen; saying what a size must be
 */
export function planConvert(
  recognised: Recognised,
  name: string,
  options: ConvertOptions = {},
): { readonly part: Part; readonly size?: Size; readonly any?: "size" | "size and batch" } {
  const part = choosePart(recognised, name, options);
  const asked = options.size !== undefined || options.batch !== undefined;
  return {
    part,
    size: chooseSize(part, recognised, name, options),
    any: asked ? undefined : part.sized?.any,
  };
}

/**
 * Refuses a model whose file would be larger than ONNX allows.
 * @throws {SamsrError} naming the size, and what makes it smaller
 */
export function checkFileSize({ size }: ModelStream, name: string, precision: "float32" | "float16"): void {
  if (size <= LARGEST_FILE) return;
  const gigabytes = (size / 1e9).toFixed(1);
  const help = precision === "float32" ? "take float16" : "choose a smaller size";
  throw new SamsrError(`${name}: its ONNX file would have ${gigabytes} GB, 2.1 is the most; ${help}`);
}

function choosePart(recognised: Recognised, name: string, { part: wanted, imageSide }: ConvertOptions): Part {
  const parts = partsOf(recognised, { imageSide });
  const part = wanted === undefined && parts.length === 1 ? parts[0] : parts.find((p) => p.name === wanted);
  if (part) return part;
  const list = parts.map((p) => `${p.name} (${p.summary})`).join("; ");
  const why = wanted === undefined ? "one part has to be chosen" : `it has no part "${wanted}"`;
  throw new SamsrError(`${name}: holds a ${recognised.network}; ${why}: ${list}`);
}

function chooseSize(
  part: Part,
  recognised: Recognised,
  name: string,
  { size: wanted, batch = 1 }: ConvertOptions,
): Size | undefined {
  const { sized } = part;
  if (!sized) {
    if (!wanted) return undefined;
    throw new SamsrError(`${name}: the ${part.name} of a ${recognised.network} takes one size only`);
  }
  const size = wanted ?? { height: sized.standard, width: sized.standard };
  if (size.height % sized.multiple !== 0 || size.width % sized.multiple !== 0) {
    throw new SamsrError(
      `${name}: height and width of ${sized.input} must be multiples of ${sized.multiple}, ` +
        `got ${size.height}x${size.width}`,
    );
  }
  const pixels = size.height * size.width * batch;
  if (pixels > sized.most) {
    throw new SamsrError(`${name}: ${sized.input} would have ${pixels} pixels, ${sized.most} are the most`);
  }
  return size;
}
