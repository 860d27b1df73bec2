/**
 * The 36 features of a block of a picture: Mittal, Soundararajan, Bovik, "Making a completely blind image
 * quality analyzer", IEEE Signal Processing Letters 2013. Luma is divided by its local contrast after its
 * local mean is taken off; 18 numbers say how the result, and the products of neighbours in it, are
 * distributed; and all that again at half the size.
 */
import { kernels, resizePlanar } from "../../image/resize.js";
import type { LumaPlane } from "../luma.js";
import { fitAsymmetric, meanOfFit } from "./generalised-gaussian.js";

export const FEATURES = 36;

/** Side of a block; a picture's right and lower rest is left out. */
export const BLOCK = 96;

/** The local window: 7 x 7, Gaussian of deviation 7/6. */
const TAPS = (() => {
  const taps = Array.from({ length: 7 }, (_, i) => Math.exp(-((i - 3) ** 2) / (2 * (7 / 6) ** 2)));
  const sum = taps.reduce((a, b) => a + b, 0);
  return taps.map((tap) => tap / sum);
})();

/** Neighbours whose products are looked at: to the right, below, and on both diagonals, as [dy, dx]. */
const NEIGHBOURS = [
  [0, 1],
  [1, 0],
  [1, 1],
  [1, -1],
] as const;

export interface BlockFeatures {
  /** The features [blocks, 36], row by row; NaN where a block is flat. */
  readonly features: Float64Array;
  /** The mean local contrast of each block, by which sharp ones are chosen. */
  readonly contrast: Float64Array;
  readonly blocks: number;
}

/**
 * Computes the 36 features of each block of a picture, at its size and at half of it.
 * @param luma 0 to 255, of at least one block
 */
export function blockFeatures(luma: LumaPlane): BlockFeatures {
  const [columns, rows] = [Math.floor(luma.width / BLOCK), Math.floor(luma.height / BLOCK)];
  const blocks = columns * rows;
  const features = new Float64Array(blocks * FEATURES);
  const contrast = new Float64Array(blocks);
  let plane = cut(luma, 0, 0, columns * BLOCK, rows * BLOCK);
  for (const scale of [1, 2]) {
    const { normal, deviation } = normalised(plane);
    const side = BLOCK / scale;
    for (let row = 0, i = 0; row < rows; row++) {
      for (let column = 0; column < columns; column++, i++) {
        const at = (map: Float64Array) =>
          cut({ ...plane, data: map }, column * side, row * side, side, side).data;
        features.set(distributions(at(normal), side), i * FEATURES + (scale - 1) * (FEATURES / 2));
        if (scale === 1) contrast[i] = meanOf(at(deviation));
      }
    }
    if (scale === 1) plane = halved(plane);
  }
  return { features, contrast, blocks };
}

/**
 * Computes (I - mean) / (deviation + 1) in a window around every pixel; beyond the edges the nearest pixel
 * counts.
 */
function normalised({ width, height, data }: LumaPlane): { normal: Float64Array; deviation: Float64Array } {
  const mean = smoothed(data, width, height);
  const squares = smoothed(
    data.map((v) => v * v),
    width,
    height,
  );
  const deviation = squares.map((square, i) => Math.sqrt(Math.abs(square - mean[i] * mean[i])));
  return { normal: data.map((v, i) => (v - mean[i]) / (deviation[i] + 1)), deviation };
}

function smoothed(data: Float64Array, width: number, height: number): Float64Array {
  const half = TAPS.length >> 1;
  const inside = (i: number, size: number) => Math.max(0, Math.min(size - 1, i));
  const lines = new Float64Array(data.length);
  for (let y = 0; y < height; y++) {
    for (let x = 0; x < width; x++) {
      let sum = 0;
      for (let t = -half; t <= half; t++) sum += TAPS[t + half] * data[y * width + inside(x + t, width)];
      lines[y * width + x] = sum;
    }
  }
  const out = new Float64Array(data.length);
  for (let y = 0; y < height; y++) {
    for (let t = -half; t <= half; t++) {
      const from = inside(y + t, height) * width;
      for (let x = 0; x < width; x++) out[y * width + x] += TAPS[t + half] * lines[from + x];
    }
  }
  return out;
}

/**
 * Computes 18 numbers: shape and mean scale of the block, and shape, mean and both scales of each neighbour's
 * product.
 */
function distributions(block: Float64Array, side: number): number[] {
  const own = fitAsymmetric(block);
  const out = [own.alpha, (own.left + own.right) / 2];
  for (const [dy, dx] of NEIGHBOURS) {
    // A block's last row meets its first one: the published code rolls the block around.
    const products = block.map((v, i) => {
      const y = (Math.floor(i / side) - dy + side) % side;
      const x = ((i % side) - dx + side) % side;
      return v * block[y * side + x];
    });
    const fit = fitAsymmetric(products);
    out.push(fit.alpha, meanOfFit(fit), fit.left, fit.right);
  }
  return out;
}

/**
 * Halves the size by the antialiased bicubic of MATLAB's imresize (a = -0.5), which mirrors the picture at
 * its edges, the edge pixel included. The kernel reaches 4 pixels.
 */
function halved({ width, height, data }: LumaPlane): LumaPlane {
  const margin = 4;
  const mirror = (i: number, size: number) => (i < 0 ? -1 - i : i >= size ? 2 * size - 1 - i : i);
  const [wide, high] = [width + 2 * margin, height + 2 * margin];
  const padded = Float32Array.from({ length: wide * high }, (_, i) => {
    const y = mirror(Math.floor(i / wide) - margin, height);
    return data[y * width + mirror((i % wide) - margin, width)];
  });
  const from = { channels: 1, width: wide, height: high };
  const to = { width: wide / 2, height: high / 2 };
  const small = resizePlanar(padded, from, to, { kernel: kernels.catmullRom, antialias: true });
  return cut({ ...to, data: Float64Array.from(small) }, margin / 2, margin / 2, width / 2, height / 2);
}

function cut(from: LumaPlane, left: number, top: number, width: number, height: number): LumaPlane {
  const data = new Float64Array(width * height);
  for (let y = 0; y < height; y++) {
    const start = (top + y) * from.width + left;
    data.set(from.data.subarray(start, start + width), y * width);
  }
  return { width, height, data };
}

function meanOf(values: Float64Array): number {
  return values.reduce((sum, v) => sum + v, 0) / values.length;
}
