/**
 * The `.bin` file of ncnn: the numbers of all layers, one after another in the order of the `.param`, without
 * names and without sizes. Kernels begin with four bytes that say how their numbers are kept; biases and
 * slopes are bare float32.
 */
import type { Fail } from "../../base/errors.js";
import { fromFloat16, type Shape, sizeOf } from "../../onnx/index.js";
import { asNumbers } from "../number-types.js";
import { type Layer, numberOf } from "./param.js";

/** A tensor of a layer. */
export interface Parameter {
  /** "weight" or "bias" below the name of its layer. */
  readonly name: string;
  readonly shape: Shape;
  /** Whether four bytes before its numbers say their type. */
  readonly typed: boolean;
}

/** What the four bytes before a kernel say, little-endian. */
const FLOAT32 = [0, 0x0002c056];
const FLOAT16 = 0x01306b47;

const MOST_NUMBERS = 1e9;

/** Returns the tensors of all layers in the order of the file. Ends in `fail` for sizes that cannot be. */
export function parametersOf(layers: readonly Layer[], fail: Fail): Parameter[] {
  const parameters = layers.flatMap((layer) =>
    tensorsOf(layer, fail).map((tensor) => ({ ...tensor, name: `${layer.name}.${tensor.name}` })),
  );
  if (new Set(parameters.map(({ name }) => name)).size < parameters.length) fail("two layers have one name");
  return parameters;
}

function tensorsOf(layer: Layer, fail: Fail): Parameter[] {
  const { type, name } = layer;
  const sized = (shape: Shape) => {
    const fits =
      shape.every((side) => Number.isSafeInteger(side) && side >= 1) && sizeOf(shape) <= MOST_NUMBERS;
    return fits ? shape : fail(`layer ${name} has weights of [${shape.join(", ")}]`);
  };
  switch (type) {
    case "Convolution":
    case "Deconvolution": {
      const { channels, kernel } = geometryOf(layer);
      const inputs = numberOf(layer, 6, 0) / (channels * kernel[0] * kernel[1]);
      const weight = { name: "weight", shape: sized([channels, inputs, ...kernel]), typed: true };
      return numberOf(layer, 5, 0) === 0
        ? [weight]
        : [weight, { name: "bias", shape: [channels], typed: false }];
    }
    case "PReLU":
      return [{ name: "weight", shape: sized([numberOf(layer, 0, 0)]), typed: false }];
    default:
      return [];
  }
}

/** Returns the sizes of a convolution: channels out, and height and width of the kernel. */
export function geometryOf(layer: Layer): { channels: number; kernel: readonly [number, number] } {
  const width = numberOf(layer, 1, 0);
  return { channels: numberOf(layer, 0, 0), kernel: [numberOf(layer, 11, width), width] };
}

/** Returns the fewest and the most bytes of a `.bin` with these tensors. */
export function sizesOf(parameters: readonly Parameter[]): readonly [number, number] {
  const count = (bytes: (numbers: number, typed: boolean) => number) =>
    parameters.reduce((sum, { shape, typed }) => sum + bytes(sizeOf(shape), typed), 0);
  return [
    count((numbers, typed) => (typed ? 4 + 4 * Math.ceil(numbers / 2) : 4 * numbers)),
    count((numbers, typed) => (typed ? 4 + 4 * numbers : 4 * numbers)),
  ];
}

/**
 * Reads the numbers of all tensors, in their order. Ends in `fail` where the file is not theirs to the last
 * byte.
 */
export function readNumbers(bytes: Uint8Array, parameters: readonly Parameter[], fail: Fail): Float32Array[] {
  const data = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  let at = 0;
  const take = (length: number, name: string) => {
    if (length > bytes.length - at)
      fail(`it ends within the numbers of layer ${name}; fetch both files again`);
    at += length;
    return at - length;
  };
  const numbers = parameters.map(({ name, shape, typed }) => {
    const flag = typed ? data.getUint32(take(4, name), true) : 0;
    const count = sizeOf(shape);
    if (flag === FLOAT16) {
      const start = take(4 * Math.ceil(count / 2), name);
      return fromFloat16(asNumbers("float16", bytes.subarray(start, start + 2 * count)) as Uint16Array);
    }
    if (!FLOAT32.includes(flag)) {
      return fail(
        `the numbers of layer ${name} are of a type that is not read (0x${flag.toString(16)}); ` +
          "expected float32 or float16",
      );
    }
    const start = take(4 * count, name);
    return asNumbers("float32", bytes.subarray(start, start + 4 * count)) as Float32Array;
  });
  if (at < bytes.length)
    fail(`${bytes.length - at} of its bytes belong to no layer; the two files are no pair`);
  return numbers;
}
