import type { Shape } from "../../onnx/index.js";
import { countOf, isSize, majority, type Shapes, sides } from "../shapes.js";
import type { SrvggConfig } from "./config.js";

/** More layers than any network has. */
const MOST_LAYERS = 2003;

/** Reads it off the shapes of tensors named body.0.weight, body.0.bias, body.1.weight, ... */
export function readSrvgg(shapes: Shapes): { readonly config: SrvggConfig } | undefined {
  // The last layer is a convolution, so its number is even.
  const last = 2 * Math.ceil((countOf(shapes, /^body\.(\d+)\.(?:weight|bias)$/, MOST_LAYERS) - 1) / 2);
  const features = majority(sides(shapes, /^body\.\d+\.weight$/, 0));
  if (last < 2 || features === undefined) return undefined;
  const scale = scaleOf(shapes.get(`body.${last}.weight`)?.[0] ?? shapes.get(`body.${last}.bias`)?.[0]);
  return { config: { features, convolutions: last / 2 - 1, scale } };
}

/** Reads it off the shapes of its parameters in the order of computation, for files that keep no names. */
export function readInOrder(shapes: readonly Shape[]): SrvggConfig | undefined {
  const kernels = shapes.filter((shape) => shape.length === 4);
  if (kernels.length < 2) return undefined;
  const [features] = kernels[0];
  return { features, convolutions: kernels.length - 2, scale: scaleOf(kernels.at(-1)![0]) };
}

/** Reads the scale from the channels of the last convolution: three colours of scale x scale pixels. */
function scaleOf(channels: number | undefined): number {
  const scale = Math.round(Math.sqrt((channels ?? 3) / 3));
  return isSize(scale, 8) ? scale : 1;
}
