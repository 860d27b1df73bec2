/**
 * The picture as the segmentation sees it: three smoothed planes in which the Euclidean distance is roughly
 * the difference that people see.
 */
import { checkArgument, checkSize, isObject } from "../base/arguments.js";
import { SamsrError } from "../base/errors.js";
import { poolByArea } from "./masks.js";

/** Pixels of a picture, in one of two layouts. */
export interface RgbImage {
  readonly width: number;
  readonly height: number;
  /**
   * The pixels. 8 bit: interleaved [H, W, C], 0..255. Float: planar [C, H, W], 0..1. C is 1 (grey), 3 or 4
   * (alpha is not looked at).
   */
  readonly data: Uint8Array | Uint8ClampedArray | Float32Array;
}

/** Luma and two colour differences, each [H, W]. */
export interface ColourPlanes {
  readonly width: number;
  readonly height: number;
  readonly planes: [Float32Array, Float32Array, Float32Array];
}

/** Pictures with a longer side are shrunk to it, as Segment Anything does; time and memory stay bounded. */
const LONGEST_SIDE = 1024;

/**
 * Standard deviation of the smoothing, in pixels: enough to hide the sensor's noise and JPEG's ripples, too
 * little to move an edge (the value that Felzenszwalb and Huttenlocher use).
 */
const SMOOTHING = 0.8;

/**
 * Shrinks to {@link LONGEST_SIDE}, turns to luma and colour differences (BT.601, 0..255, a cheap stand-in for
 * Lab on gamma-coded values), and smooths.
 *
 * @throws SamsrError for what is no image, and when the data does not fit the size
 */
export function toColourPlanes(image: RgbImage): ColourPlanes {
  checkArgument("an image", image, isObject(image), "an object with width, height and data");
  const { data } = image;
  checkSize("an image", image.width, image.height);
  const typed = [Uint8Array, Uint8ClampedArray, Float32Array].some((of) => data instanceof of);
  checkArgument("the data of an image", data, typed, "a Uint8Array, Uint8ClampedArray or Float32Array");
  const pixels = image.width * image.height;
  const channels = data.length / pixels;
  if (![1, 3, 4].includes(channels)) {
    throw new SamsrError(
      `an image of ${image.width} x ${image.height} needs 1, 3 or 4 values a pixel; got ` +
        `${data.length} values`,
    );
  }
  const shrink = Math.min(1, LONGEST_SIDE / Math.max(image.width, image.height));
  const width = Math.max(1, Math.round(image.width * shrink));
  const height = Math.max(1, Math.round(image.height * shrink));
  const planar = data instanceof Float32Array;
  const [r, g, b] = [0, 1, 2].map((wanted) => {
    const c = channels === 1 ? 0 : wanted;
    const plane = new Float32Array(pixels);
    if (planar) for (let p = 0; p < pixels; p++) plane[p] = 255 * data[c * pixels + p];
    else for (let p = 0, i = c; p < pixels; p++, i += channels) plane[p] = data[i];
    return shrink < 1 ? poolByArea(plane, image.width, image.height, width, height) : plane;
  });
  for (let p = 0; p < width * height; p++) {
    const red = r[p];
    const blue = b[p];
    const luma = 0.299 * red + 0.587 * g[p] + 0.114 * blue;
    r[p] = luma;
    g[p] = 0.564 * (blue - luma);
    b[p] = 0.713 * (red - luma);
  }
  const line = new Float32Array(Math.max(width, height));
  for (const plane of [r, g, b]) smooth(plane, width, height, line);
  return { width, height, planes: [r, g, b] };
}

/** Blurs by a Gaussian in place, edges repeated: five taps hold all but 0.3 % of the weight. */
function smooth(plane: Float32Array, width: number, height: number, line: Float32Array): void {
  const [one, two] = [1, 2].map((x) => Math.exp((-x * x) / (2 * SMOOTHING * SMOOTHING)));
  const sum = 1 + 2 * one + 2 * two;
  const [w0, w1, w2] = [1 / sum, one / sum, two / sum];
  for (let y = 0; y < height; y++) {
    const row = plane.subarray(y * width, (y + 1) * width);
    line.set(row);
    for (let x = 0; x < width; x++) {
      const l1 = x > 0 ? x - 1 : 0;
      const l2 = x > 1 ? x - 2 : 0;
      const r1 = x + 1 < width ? x + 1 : width - 1;
      const r2 = x + 2 < width ? x + 2 : width - 1;
      row[x] = w0 * line[x] + w1 * (line[l1] + line[r1]) + w2 * (line[l2] + line[r2]);
    }
  }
  // Down the columns a row at a time, for the cache: the two rows above are already overwritten, so keep
  // copies.
  let [above2, above1] = [plane.slice(0, width), plane.slice(0, width)];
  for (let y = 0; y < height; y++) {
    const at = y * width;
    const below1 = Math.min(y + 1, height - 1) * width;
    const below2 = Math.min(y + 2, height - 1) * width;
    const here = plane.slice(at, at + width);
    for (let x = 0; x < width; x++) {
      plane[at + x] =
        w0 * here[x] + w1 * (above1[x] + plane[below1 + x]) + w2 * (above2[x] + plane[below2 + x]);
    }
    above2 = above1;
    above1 = here;
  }
}
