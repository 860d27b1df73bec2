/** Pictures as planes of floats, and the linear steps of the degradation on them. */
import { reflect } from "../../../image/raster.js";
import { kernels, resizePlanar } from "../../../image/resize.js";
import type { BlurKernel } from "./kernels.js";

/** The planes [3, height, width] of a picture in [0, 1], before clipping perhaps beyond. */
export interface RgbPlanes {
  readonly width: number;
  readonly height: number;
  readonly data: Float32Array;
}

export const MODES = ["area", "bilinear", "bicubic"] as const;
export type ResizeMode = (typeof MODES)[number];

/** Correlates every plane with a kernel; the picture is reflected beyond its edges. */
export function blur({ width, height, data }: RgbPlanes, { size, weights }: BlurKernel): RgbPlanes {
  const radius = (size - 1) / 2;
  const [wide, plane] = [width + 2 * radius, width * height];
  const out = new Float32Array(data.length);
  // A row of the picture with its reflected ends, used by all output rows that it reaches.
  const row = new Float32Array(wide);
  for (let c = 0; c < 3; c++) {
    for (let v = -radius; v < height + radius; v++) {
      const from = c * plane + reflect(v, height) * width;
      for (let x = 0; x < wide; x++) row[x] = data[from + reflect(x - radius, width)];
      for (let j = 0; j < size; j++) {
        const y = v - (j - radius);
        if (y < 0 || y >= height) continue;
        addShifted(out, c * plane + y * width, width, row, weights, j * size, size);
      }
    }
  }
  return { width, height, data: out };
}

/**
 * Computes out[x] += sum over i of weights[i] row[x + i], three taps at a time: kernels have odd sides of 3
 * and more.
 */
function addShifted(
  out: Float32Array,
  to: number,
  width: number,
  row: Float32Array,
  weights: Float32Array,
  first: number,
  size: number,
): void {
  for (let i = 0; i < size; i += 2) {
    const a = weights[first + i];
    const b = i + 1 < size ? weights[first + i + 1] : 0;
    const next = i + 1 < size ? i + 1 : i;
    for (let x = 0; x < width; x++) out[to + x] += a * row[x + i] + b * row[x + next];
  }
}

/**
 * Resizes as PyTorch's `interpolate` does without antialias; `area` is the mean of the pixels that each new
 * one touches.
 */
export function resized(planes: RgbPlanes, width: number, height: number, mode: ResizeMode): RgbPlanes {
  if (width === planes.width && height === planes.height) return planes;
  if (mode === "area") return average(planes, width, height);
  const kernel = kernels[mode];
  const from = { channels: 3, width: planes.width, height: planes.height };
  const data = resizePlanar(planes.data, from, { width, height }, { kernel, antialias: false });
  return { width, height, data };
}

/**
 * Means over windows from floor(i n / m) to ceil((i + 1) n / m), along the rows and then down the columns.
 */
function average({ width, height, data }: RgbPlanes, toWidth: number, toHeight: number): RgbPlanes {
  const lines = new Float32Array(3 * height * toWidth);
  for (let x = 0; x < toWidth; x++) {
    const [start, end] = windowOf(x, width, toWidth);
    for (let y = 0; y < 3 * height; y++) {
      let sum = 0;
      for (let i = start; i < end; i++) sum += data[y * width + i];
      lines[y * toWidth + x] = sum / (end - start);
    }
  }
  const out = new Float32Array(3 * toHeight * toWidth);
  for (let c = 0; c < 3; c++) {
    for (let y = 0; y < toHeight; y++) {
      const [start, end] = windowOf(y, height, toHeight);
      const to = (c * toHeight + y) * toWidth;
      for (let i = start; i < end; i++) {
        const from = (c * height + i) * toWidth;
        for (let x = 0; x < toWidth; x++) out[to + x] += lines[from + x] / (end - start);
      }
    }
  }
  return { width: toWidth, height: toHeight, data: out };
}

function windowOf(i: number, from: number, to: number): [start: number, end: number] {
  return [Math.floor((i * from) / to), Math.ceil(((i + 1) * from) / to)];
}

/** Clips planes to [0, 1], in place. */
export function clipped(planes: RgbPlanes): RgbPlanes {
  const { data } = planes;
  for (let i = 0; i < data.length; i++) data[i] = Math.min(1, Math.max(0, data[i]));
  return planes;
}
