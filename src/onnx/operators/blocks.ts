/** Operators on the blocks of an image: enlarge, shrink, and move pixels between space and channels. */
import { emit } from "../emit.js";
import { constant, type Value } from "../value.js";
import { mul } from "./arithmetic.js";
import { image } from "./image.js";

/** Enlarges images [N, C, H, W] -> [N, C, f H, f W], each element repeated f x f times. */
export function upsampleNearest(x: Value, factor: number): Value {
  const [n, c, h, w] = image("Resize", x);
  return emit("Resize", [x, undefined, constant([1, 1, factor, factor])], {
    shape: [n, c, h * factor, w * factor],
    attributes: { mode: "nearest", coordinate_transformation_mode: "asymmetric", nearest_mode: "floor" },
    pull: (dy) => [() => mul(averagePool(dy, factor), factor * factor), undefined],
  });
}

/**
 * Reduces images [N, C, f H, f W] -> [N, C, H, W] to the mean of each f x f block. @throws {Error} when f
 * does not divide a side
 */
export function averagePool(x: Value, factor: number): Value {
  const [n, c, h, w] = image("AveragePool", x, factor);
  return emit("AveragePool", [x], {
    shape: [n, c, h / factor, w / factor],
    attributes: { kernel_shape: [factor, factor], strides: [factor, factor] },
    pull: (dy) => [() => mul(upsampleNearest(dy, factor), 1 / (factor * factor))],
  });
}

/**
 * Moves blocks into channels, [N, C, f H, f W] -> [N, f f C, H, W]; channel (i f + j) C + c holds row i,
 * column j of each block.
 * @throws {Error} when f does not divide a side
 */
export function spaceToDepth(x: Value, factor: number): Value {
  const [n, c, h, w] = image("SpaceToDepth", x, factor);
  return emit("SpaceToDepth", [x], {
    shape: [n, c * factor * factor, h / factor, w / factor],
    attributes: { blocksize: factor },
    pull: (dy) => [() => depthToSpace(dy, factor)],
  });
}

/** Moves channels into blocks, [N, f f C, H, W] -> [N, C, f H, f W]: the inverse of {@link spaceToDepth}. */
export function depthToSpace(x: Value, factor: number): Value {
  const [n, c, h, w] = image("DepthToSpace", x);
  const channels = c / (factor * factor);
  if (!Number.isInteger(channels)) {
    throw new Error(`DepthToSpace: ${c} channels of [${x.shape}] do not divide by ${factor * factor}`);
  }
  return emit("DepthToSpace", [x], {
    shape: [n, channels, h * factor, w * factor],
    attributes: { blocksize: factor, mode: "DCR" },
    pull: (dy) => [() => spaceToDepth(dy, factor)],
  });
}
