/** Pictures as an ONNX file takes and gives them: other axes, other values, other channels. */

import { type OnnxFileConfig, RANGES } from "../../networks/index.js";
import { fromFloat16, type Shape, toFloat16 } from "../../onnx/index.js";
import type { Tensor } from "../../runtime/index.js";

type Side = OnnxFileConfig["input"];

export interface PlaneSize {
  readonly width: number;
  readonly height: number;
}

/** Returns the channels of a picture of these colours. */
export function channelsOf({ colours }: Pick<Side, "colours">): number {
  return colours === "grey" ? 1 : 3;
}

/**
 * Hands a picture over in the form that a file takes.
 * @param planes [3, h, w] RGB or [1, h, w] grey, from 0 to 1
 */
export function toFile(planes: Float32Array, { width, height }: PlaneSize, side: Side): Tensor {
  const { layout, colours, range, type } = side;
  const channels = channelsOf(side);
  const [low, high] = RANGES[range];
  const plane = width * height;
  const values = new Float32Array(planes.length);
  const step = layout === "NCHW" ? 1 : channels;
  for (let c = 0; c < channels; c++) {
    const from = (colours === "BGR" ? 2 - c : c) * plane;
    const to = layout === "NCHW" ? c * plane : c;
    for (let i = 0; i < plane; i++) values[to + i * step] = low + (high - low) * planes[from + i];
  }
  const shape: Shape = layout === "NCHW" ? [1, channels, height, width] : [1, height, width, channels];
  if (type === "float32") return { type, shape, data: values };
  if (type === "float16") return { type, shape, data: toFloat16(values) };
  return { type, shape, data: Uint8Array.from(values, (v) => Math.min(255, Math.max(0, Math.round(v)))) };
}

/** Returns the picture that a file gave, [3, h, w] RGB or [1, h, w] grey, from 0 to 1 or beyond. */
export function fromFile({ type, data }: Tensor, { width, height }: PlaneSize, side: Side): Float32Array {
  const { layout, colours, range } = side;
  const channels = channelsOf(side);
  const [low, high] = RANGES[range];
  const values = type === "float16" ? fromFloat16(data as Uint16Array) : (data as Float32Array | Uint8Array);
  const plane = width * height;
  const planes = new Float32Array(channels * plane);
  const step = layout === "NCHW" ? 1 : channels;
  for (let c = 0; c < channels; c++) {
    const to = (colours === "BGR" ? 2 - c : c) * plane;
    const from = layout === "NCHW" ? c * plane : c;
    for (let i = 0; i < plane; i++) planes[to + i] = (values[from + i * step] - low) / (high - low);
  }
  return planes;
}
