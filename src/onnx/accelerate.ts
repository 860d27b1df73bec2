import { slopes, summed } from "./blocked.js";
import { countFlops, countTaps } from "./flops.js";
import { inTopologicalOrder } from "./order.js";
import { isFixed, rewrite } from "./rewrite.js";
import { OUTPUT_TILE } from "./toom-cook.js";
import type { Node, Value } from "./value.js";
import { winogradConv, winogradConvOfEnlarged } from "./winograd.js";

/** Sizes from which on Winograd's convolution is the faster one, measured with ONNX Runtime on AVX-512. */
export interface AccelerateOptions {
  /**
   * Least number of channels, in and out; below it the transforms cost more than they save. Default 64, or
   * 128 in a graph of convolutions and what goes with them pixel by pixel, where ONNX Runtime's blocked
   * layout makes plain ones faster.
   */
  readonly channels?: number;
  /**
   * What the numbers of channels, in and out, divide by; with others the products of Winograd's convolution
   * gain nothing, for sixteen are computed at once. Default 16.
   */
  readonly multiple?: number;
  /**
   * Least number of tiles of 4 x 4; below it the kernels, four times as large, cost more than they save.
   * Default 64.
   */
  readonly tiles?: number;
  /**
   * Bytes of a transform beyond which a convolution is computed block after block of rows, for less memory.
   * Infinity leaves all of them whole, so that graphs of all sizes have the same nodes. Default 40 MiB.
   */
  readonly most?: number;
}

/**
 * Rewrites a graph so that it runs faster on a CPU, with the same results to about 1e-5 of the largest
 * output: large 3 x 3 convolutions become Winograd's, also those that follow an enlargement by nearest
 * neighbours; a graph of convolutions, which ONNX Runtime computes in a layout of its own, is put in the
 * forms that this takes (see `blocked.ts`). Weights must be constants. Their transforms, four times the size,
 * are made when the model is loaded, so the result is for a session and not for a file.
 * @param outputs the graph, by the names of its outputs
 * @returns the outputs by the same names, without derivatives
 */
export function accelerate<Name extends string>(
  outputs: Readonly<Record<Name, Value>>,
  options: AccelerateOptions = {},
): Record<Name, Value> {
  const plain = isConvolutional(Object.values(outputs));
  const { channels = plain ? 128 : 64, multiple = 16, tiles = 64, most } = options;
  /** Tells whether the rewriting pays for an image of height h and width w. */
  const pays = ([h, w]: readonly number[], weight: Value) => {
    const enough =
      (h / OUTPUT_TILE) * (w / OUTPUT_TILE) >= tiles &&
      Math.min(weight.shape[0], weight.shape[1]) >= channels;
    const even = weight.shape[0] % multiple === 0 && weight.shape[1] % multiple === 0;
    return enough && even && h % OUTPUT_TILE === 0 && w % OUTPUT_TILE === 0;
  };
  return rewrite(outputs, (v, inputs) => {
    const { op, attributes } = nodeOf(v) ?? {};
    if (op === "PRelu" && plain) return slopes(inputs[0]!, inputs[1]!);
    if (op !== "Conv") return undefined;
    const [x, weight, bias] = inputs as [Value, Value, Value | undefined];
    const pads = attributes!.pads as readonly number[];
    if (!isThreeByThree(v, x, weight, pads)) return undefined;
    const whole = pads.every((rows) => rows === 1);
    const small = whole ? enlargedFrom(x) : undefined;
    if (small && pays(small.shape.slice(2), weight))
      return winogradConvOfEnlarged(small, weight, bias, { most });
    if (pays(v.shape.slice(2), weight)) return winogradConv(x, weight, bias, { pads, most });
    return plain && whole ? summed(x, weight, bias) : undefined;
  });
}

/** Operators that look at more than a pixel and its neighbours, or at images in another layout. */
const OTHERS = new Set(
  "LayerNormalization ReduceMean ReduceSum ReduceMax Softmax MatMul Gemm Split".split(" "),
);

/** Tells whether a graph is convolutions, and what goes with them pixel by pixel. */
function isConvolutional(outputs: Iterable<Value>): boolean {
  return inTopologicalOrder(outputs).every((v) => !OTHERS.has(nodeOf(v)?.op ?? ""));
}

/**
 * Tells whether ONNX Runtime's blocked layout of images (NCHWc) pays for a graph. Its 3 x 3 convolutions are
 * faster, and everything else needs the images copied there and back, and weights and images copied in
 * memory.
 */
export function blockedLayoutPays(outputs: Readonly<Record<string, Value>>): boolean {
  const values = Object.values(outputs);
  return countTaps(values) > countFlops(values).products / 4;
}

function nodeOf({ source }: Value): Node | undefined {
  return source.kind === "node" ? source.node : undefined;
}

/** Tells whether it is a convolution with a stride of 1 that needs no more than a row or column of zeros. */
function isThreeByThree(v: Value, x: Value, weight: Value, pads: readonly number[]): boolean {
  const [, , kh, kw] = weight.shape;
  const [top, left, bottom, right] = pads;
  const [h, w] = [x.shape[2] + top + bottom - 2, x.shape[3] + left + right - 2];
  if (kh !== 3 || kw !== 3 || v.shape[0] !== 1 || v.shape[2] !== h || v.shape[3] !== w) return false;
  // A strip of an image has rows of its neighbours where the image ends for a whole one.
  const padded = left === 1 && right === 1 && Math.max(top, bottom) <= 1 && x.shape[2] > 1;
  return padded && isFixed(weight);
}

/** Returns the image that x is an enlargement of, twice by nearest neighbours; undefined where it is none. */
function enlargedFrom(x: Value): Value | undefined {
  const node = nodeOf(x);
  const small = node?.inputs[0];
  if (node?.op !== "Resize" || node.attributes.mode !== "nearest" || !small) return undefined;
  return small.shape[2] * 2 === x.shape[2] && small.shape[3] * 2 === x.shape[3] ? small : undefined;
}
