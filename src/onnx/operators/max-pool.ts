import { emit } from "../emit.js";
import { constant, type Value } from "../value.js";
import { add, equal, where } from "./arithmetic.js";
import { image } from "./image.js";
import { pad, slice, unslice } from "./shape.js";

/** The windows of {@link maxPool}: square, `kernel` wide, `stride` apart. */
export interface PoolOptions {
  readonly kernel: number;
  readonly stride: number;
  /** Keeps the last windows, which reach beyond the image; default false. */
  readonly ceil?: boolean;
}

/** A number below every one that a network computes, and still finite where it is added. */
const LOWEST = -3e38;

/**
 * Takes the maximum of each window of images [N, C, H, W] -> [N, C, H', W'], H' = (H - kernel) / stride + 1,
 * rounded down, or up with `ceil`. Where elements of a window tie, the first in row order has the gradient.
 * @throws {Error} for an image that is smaller than a window
 */
export function maxPool(x: Value, { kernel, stride, ceil = false }: PoolOptions): Value {
  const [n, c, h, w] = image("MaxPool", x);
  const round = ceil ? Math.ceil : Math.floor;
  const [oh, ow] = [h, w].map((side) => round((side - kernel) / stride) + 1);
  if (oh < 1 || ow < 1) throw new Error(`MaxPool: windows of ${kernel} are larger than [${x.shape}]`);
  const y: Value = emit("MaxPool", [x], {
    shape: [n, c, oh, ow],
    attributes: { kernel_shape: [kernel, kernel], strides: [stride, stride], ceil_mode: ceil ? 1 : 0 },
    pull: (dy) => [() => inputGradient(dy)],
  });
  return y;

  /** Gives each element of dy to the first tap that equals the maximum. */
  function inputGradient(dy: Value): Value {
    const whole = widened(x, (oh - 1) * stride + kernel, (ow - 1) * stride + kernel);
    let left = dy;
    let dx: Value | undefined;
    for (let i = 0; i < kernel; i++) {
      for (let j = 0; j < kernel; j++) {
        const ends = [i + (oh - 1) * stride + 1, j + (ow - 1) * stride + 1];
        const wins = equal(slice(whole, [2, 3], [i, j], ends, [stride, stride]), y);
        const taken = unslice(where(wins, left, 0), whole.shape, [2, 3], [i, j], [stride, stride]);
        left = where(wins, 0, left);
        dx = dx ? add(dx, taken) : taken;
      }
    }
    return pad(dx!, [0, 0, 0, 0], [0, 0, h - whole.shape[2], w - whole.shape[3]]);
  }
}

/** Computes the image grown or cut to height x width at its end; what is new is below every number. */
function widened(x: Value, height: number, width: number): Value {
  const [, , h, w] = x.shape;
  if (height <= h && width <= w) return slice(x, [2, 3], [0, 0], [height, width]);
  const mask = new Float32Array(height * width);
  for (let i = 0; i < height; i++) {
    for (let j = 0; j < width; j++) if (i >= h || j >= w) mask[i * width + j] = LOWEST;
  }
  const grown = pad(x, [0, 0, 0, 0], [0, 0, height - h, width - w]);
  return add(grown, constant(mask, [1, 1, height, width]));
}
