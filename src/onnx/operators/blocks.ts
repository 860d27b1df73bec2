/** Operators on the blocks of an image: enlarge, shrink, and move pixels between space and channels. */
import { emit } from "../emit.js";
import { constant, integers, type Value } from "../value.js";
import { mul } from "./arithmetic.js";
import { image } from "./image.js";
import { gather } from "./shape.js";

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
 * Resizes images [N, C, H, W] -> [N, C, round down f H, round down g W] by a pair of factors (f, g): to the
 * nearest pixel before (nearest), linearly, or by cubic splines (a = -0.75), the last two with pixels'
 * centres at their halves. It has no gradient.
 */
export function resize(
  x: Value,
  factors: readonly [number, number],
  mode: "nearest" | "linear" | "cubic",
): Value {
  const [n, c, h, w] = image("Resize", x);
  const sides = [h, w].map((side, i) => Math.floor(side * factors[i]));
  if (!(sides[0] >= 1 && sides[1] >= 1)) throw new Error(`Resize: [${x.shape}] by [${factors}] is nothing`);
  const nearest = { mode, coordinate_transformation_mode: "asymmetric", nearest_mode: "floor" };
  const smooth = { mode, coordinate_transformation_mode: "half_pixel" };
  return emit("Resize", [x, undefined, constant([1, 1, ...factors])], {
    shape: [n, c, sides[0], sides[1]],
    attributes: mode === "nearest" ? nearest : smooth,
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
  return intoBlocks(x, factor, "DCR", (dy) => spaceToDepth(dy, factor));
}

function intoBlocks(x: Value, factor: number, mode: "DCR" | "CRD", inverse: (dy: Value) => Value): Value {
  const [n, c, h, w] = image("DepthToSpace", x);
  const channels = c / (factor * factor);
  if (!Number.isInteger(channels)) {
    throw new Error(`DepthToSpace: ${c} channels of [${x.shape}] do not divide by ${factor * factor}`);
  }
  return emit("DepthToSpace", [x], {
    shape: [n, channels, h * factor, w * factor],
    attributes: { blocksize: factor, mode },
    pull: (dy) => [() => inverse(dy)],
  });
}

/**
 * Computes PyTorch's pixel shuffle, [N, f f C, H, W] -> [N, C, f H, f W]: channel (c f + i) f + j is row i,
 * column j of the blocks of channel c. ({@link depthToSpace} has them in another order.)
 * @throws {Error} when f f does not divide the channels
 */
export function pixelShuffle(x: Value, factor: number): Value {
  if (factor === 1) return x;
  return intoBlocks(x, factor, "CRD", (dy) => pixelUnshuffle(dy, factor));
}

/**
 * Computes PyTorch's pixel unshuffle, [N, C, f H, f W] -> [N, f f C, H, W]: the inverse of {@link
 * pixelShuffle}.
 * @throws {Error} when f does not divide a side
 */
export function pixelUnshuffle(x: Value, factor: number): Value {
  if (factor === 1) return x;
  const [channels, blocks] = [x.shape[1], factor * factor];
  // ONNX knows one order of the channels alone, the blocks' pixels outermost.
  const order = Array.from(
    { length: channels * blocks },
    (_, i) => (i % blocks) * channels + Math.floor(i / blocks),
  );
  return gather(spaceToDepth(x, factor), integers(order), 1);
}
