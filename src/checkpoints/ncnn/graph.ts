/** The layers of ncnn as a graph: those that networks for super-resolution are made of. */
import { oneLine } from "../../base/errors.js";
import { conv, prelu, type Scope, zeros } from "../../nn/index.js";
import * as o from "../../onnx/index.js";
import { type Layer, listOf, numberOf } from "./param.js";
import { geometryOf } from "./weights.js";

/**
 * Returns what the layers make of an image [N, C, H, W].
 * @param p has the tensors under the names of their layers
 * @throws {Error} naming the layer that is of a type or with values that are not read, or whose inputs do not
 *   fit
 */
export function ncnnGraph(layers: readonly Layer[], p: Scope, image: o.Value): o.Value {
  const blobs = new Map<string, o.Value>();
  const inputs = layers.filter(({ type }) => type === "Input");
  if (inputs.length !== 1) throw new Error(`it has ${inputs.length} inputs; expected one`);
  let last = image;
  for (const layer of layers) {
    const place = `layer ${oneLine(layer.name, 60)} (${oneLine(layer.type, 30)})`;
    const values = layer.inputs.map((name) => {
      const value = blobs.get(name);
      if (!value) throw new Error(`${place} reads ${oneLine(name, 60)}, which no layer before it makes`);
      return value;
    });
    const made = attempt(place, () => (layer.type === "Input" ? [image] : compute(layer, p, values)));
    layer.outputs.forEach((name, i) => {
      const value = made[i] ?? made[0];
      blobs.set(name, value);
      last = value;
    });
  }
  const read = new Set(layers.flatMap((layer) => layer.inputs));
  const ends = layers.flatMap((layer) =>
    layer.outputs.filter((name) => !read.has(name) && layer.type !== "Split"),
  );
  if (ends.length !== 1) throw new Error(`it has ${ends.length} outputs; expected one`);
  return blobs.get(ends[0]) ?? last;
}

function attempt<T>(place: string, work: () => T): T {
  try {
    return work();
  } catch (error) {
    throw new Error(`${place}: ${(error as Error).message}`, { cause: error });
  }
}

/** Returns the outputs of a layer; one alone stands for all of them. */
function compute(layer: Layer, p: Scope, values: readonly o.Value[]): o.Value[] {
  const [x, y] = values;
  if (!x) throw new Error("it has no input");
  const number = (key: number, standard: number) => numberOf(layer, key, standard);
  switch (layer.type) {
    case "Split":
    case "Noop":
    case "Dropout":
      return [x];
    case "Convolution":
      return [activated(convolution(layer, p.at(layer.name), x), layer)];
    case "Deconvolution":
      return [activated(deconvolution(layer, p.at(layer.name), x), layer)];
    case "ReLU":
      return [leaky(x, number(0, 0))];
    case "PReLU":
      return [prelu(p.at(layer.name), x)];
    case "Sigmoid":
      return [o.sigmoid(x)];
    case "TanH":
      return [o.tanh(x)];
    case "Swish":
      return [o.silu(x)];
    case "GELU":
      return [o.gelu(x)];
    case "Mish":
      return [mish(x)];
    case "Clip":
      return [o.clip(x, number(0, -3.4e38), number(1, 3.4e38))];
    case "BinaryOp":
      return [binary(number(0, 0), x, number(1, 0) === 1 ? number(2, 0) : second(y))];
    case "Eltwise":
      return [eltwise(layer, values)];
    case "Concat":
      if (number(0, 0) !== 0) throw new Error("expected channels to be joined");
      return [o.concat(values, 1)];
    case "Slice":
      if (number(1, 0) !== 0) throw new Error("expected channels to be cut");
      return cut(x, listOf(layer, 0));
    case "Interp":
      return [resized(layer, x)];
    case "PixelShuffle":
      return [number(1, 0) === 0 ? o.pixelShuffle(x, number(0, 1)) : o.depthToSpace(x, number(0, 1))];
    case "Reorg":
      return [number(1, 0) === 0 ? o.pixelUnshuffle(x, number(0, 1)) : o.spaceToDepth(x, number(0, 1))];
    default:
      throw new Error("layers of this type are not read");
  }
}

function second(y: o.Value | undefined): o.Value {
  if (!y) throw new Error("it has one input; expected two");
  return y;
}

function convolution(layer: Layer, p: Scope, x: o.Value): o.Value {
  const { channels, kernel } = geometryOf(layer);
  const [stride, padding] = strideAndPadding(layer, kernel);
  const bias = numberOf(layer, 5, 0) !== 0;
  if (kernel[0] === kernel[1] && padding === (kernel[0] - 1) / 2) {
    return conv(p, x, channels, kernel[0], { stride, bias });
  }
  const weight = p.parameter("weight", [channels, x.shape[1], ...kernel], zeros);
  return o.conv(x, weight, bias ? p.parameter("bias", [channels], zeros) : undefined, { stride, padding });
}

function deconvolution(layer: Layer, p: Scope, x: o.Value): o.Value {
  const { channels, kernel } = geometryOf(layer);
  const [stride, padding] = strideAndPadding(layer, kernel);
  const weight = p.parameter("weight", [channels, x.shape[1], ...kernel], zeros);
  const bias = numberOf(layer, 5, 0) === 0 ? undefined : p.parameter("bias", [channels], zeros);
  if ([18, 19, 20, 21].some((key) => numberOf(layer, key, 0) !== 0))
    throw new Error("its output's size is told");
  return o.convTranspose(x, o.transpose(weight, [1, 0, 2, 3]), bias, { stride, padding });
}

/** Returns the one stride and the one padding that are read, the same on all sides. */
function strideAndPadding(layer: Layer, kernel: readonly [number, number]): [number, number] {
  const number = (key: number, standard: number) => numberOf(layer, key, standard);
  const [dilation, stride, left] = [number(2, 1), number(3, 1), number(4, 0)];
  const paddings = [left, number(14, left), number(15, left), number(16, number(14, left))];
  if (dilation !== 1 || number(12, dilation) !== 1)
    throw new Error("kernels with gaps (dilation) are not read");
  if (number(13, stride) !== stride || paddings.some((padding) => padding !== left)) {
    throw new Error("strides and paddings that differ between sides are not read");
  }
  if (number(8, 0) !== 0) throw new Error("weights of 8 bits are not read");
  // -233 and -234 ask for as much as keeps the size.
  return [stride, left < 0 ? (kernel[0] - 1) / 2 : left];
}

/** Returns the activation that a convolution was fused with. */
function activated(x: o.Value, layer: Layer): o.Value {
  const [first = 0, other = 0] = listOf(layer, 10);
  switch (numberOf(layer, 9, 0)) {
    case 0:
      return x;
    case 1:
      return o.relu(x);
    case 2:
      return leaky(x, first);
    case 3:
      return o.clip(x, first, other);
    case 4:
      return o.sigmoid(x);
    case 5:
      return mish(x);
    default:
      throw new Error("its activation is not read");
  }
}

function leaky(x: o.Value, slope: number): o.Value {
  return slope === 0 ? o.relu(x) : o.leakyRelu(x, slope);
}

/** Computes x tanh(ln(1 + e^x)), without overflow. */
function mish(x: o.Value): o.Value {
  const softplus = o.add(o.relu(x), o.log(o.add(o.exp(o.neg(o.abs(x))), 1)));
  return o.mul(x, o.tanh(softplus));
}

function binary(kind: number, x: o.Value, y: o.Value | number): o.Value {
  switch (kind) {
    case 0:
      return o.add(x, y);
    case 1:
      return o.sub(x, y);
    case 2:
      return o.mul(x, y);
    case 3:
      return o.div(x, y);
    case 4:
      return o.maximum(x, y);
    case 5:
      return o.minimum(x, y);
    case 7:
      return o.sub(y, x);
    case 8:
      return o.div(y, x);
    default:
      throw new Error(`operation ${kind} is not read`);
  }
}

function eltwise(layer: Layer, values: readonly o.Value[]): o.Value {
  const factors = listOf(layer, 1);
  const scaled = values.map((value, i) => ((factors[i] ?? 1) === 1 ? value : o.mul(value, factors[i])));
  switch (numberOf(layer, 0, 0)) {
    case 0:
      return values.reduce((a, b) => o.mul(a, b));
    case 1:
      return scaled.reduce((a, b) => o.add(a, b));
    case 2:
      return values.reduce((a, b) => o.maximum(a, b));
    default:
      throw new Error("its operation is not read");
  }
}

/** Parts of the channels; -233 stands for an equal share of what is left. */
function cut(x: o.Value, sizes: readonly number[]): o.Value[] {
  let left = x.shape[1];
  const parts = sizes.map((size, i) => {
    const part = size < 0 ? Math.floor(left / (sizes.length - i)) : size;
    left -= part;
    return part;
  });
  return o.split(x, parts, 1);
}

function resized(layer: Layer, x: o.Value): o.Value {
  const number = (key: number, standard: number) => numberOf(layer, key, standard);
  const factors = [number(1, 1), number(2, 1)];
  const mode = ([undefined, "nearest", "linear", "cubic"] as const)[number(0, 0)];
  if (!mode) throw new Error("its way to resize is not read");
  if (number(3, 0) !== 0 || number(4, 0) !== 0) throw new Error("sizes that are told in pixels are not read");
  if (number(6, 0) !== 0) throw new Error("aligned corners are not read");
  if (factors.every((factor) => factor === 1)) return x;
  if (mode === "nearest" && factors[0] === factors[1] && Number.isInteger(factors[0])) {
    return o.upsampleNearest(x, factors[0]);
  }
  return o.resize(x, [factors[0], factors[1]], mode);
}
