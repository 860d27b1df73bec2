/**
 * Winograd's convolution F(4 x 4, 3 x 3) (Lavin & Gray 2016, arXiv 1509.09308) of standard operators.
 *
 * A tile of 4 x 4 outputs of a 3 x 3 convolution depends on 6 x 6 inputs. Seen as polynomials, the product is
 * found from its values at six points a side: transform the inputs' tile (B) and the kernel (G) to those
 * values, multiply, and transform back (A). That takes 36 products where the sum over taps takes 144, and
 * each of the 36 is a matrix product over the channels of all tiles. With kernels that are constant the
 * runtime transforms them once, when it loads the model.
 *
 * A convolution of an image enlarged by nearest neighbours sees each pixel twice or more. So along a side the
 * even outputs are a convolution of the small image with the taps (w0, w1 + w2), the odd ones with (w0 + w1,
 * w2), and both are F(4, 2): 100 products give 8 x 8 outputs, where 576 are taps.
 */

import { emit } from "./emit.js";
import { add, cast } from "./operators/arithmetic.js";
import { reshape } from "./operators/broadcast.js";
import { matmul } from "./operators/linear.js";
import { concat, slice, transpose } from "./operators/shape.js";
import { F43, OUTPUT_TILE, type Transforms, toomCook, twoSided, WINDOW } from "./toom-cook.js";
import { constant, makeValue, type Shape, TYPE_BYTES, type Value } from "./value.js";

export interface WinogradOptions {
  /** Rows and columns of zeros above, at the left, below and at the right, 0 or 1; default 1. */
  readonly pads?: readonly number[];
  /**
   * Bytes of the larger of what the transform makes of an image and of its products, up to which the image is
   * convolved at once; beyond it goes block after block of rows. Default 40 MiB: of the published autoencoder
   * only the largest images are beyond, which are what its peak is made of.
   */
  readonly most?: number;
}

/**
 * Convolves x [1, C, H, W] with weight [O, C, 3, 3] and bias [O] -> [1, O, H, W], padded by 1. The weight is
 * constant and 4 divides the sides of the result.
 */
export function winogradConv(x: Value, weight: Value, bias?: Value, options: WinogradOptions = {}): Value {
  return inBlocks(F43, x, weight, bias, options);
}

const AROUND = [1, 1, 1, 1];

/** Numbers of a kernel of 3 x 3. */
const TAPS = 9;

/**
 * Convolves x [1, C, H, W], enlarged twice by nearest neighbours, with weight [O, C, 3, 3] and bias [O] ->
 * [1, O, 2 H, 2 W].
 */
export function winogradConvOfEnlarged(
  x: Value,
  weight: Value,
  bias?: Value,
  options: Pick<WinogradOptions, "most"> = {},
): Value {
  return inBlocks(ENLARGED, x, weight, bias, options);
}

const MOST = 40 * 2 ** 20;

/** Bytes of a block's transform. Smaller ones save little more; each is a copy of its rows. */
const BLOCK = 12 * 2 ** 20;

/** Fewest tiles of a block: with fewer, matrix products are slower and round otherwise. */
const LEAST_TILES = 128;

/**
 * Convolves an image at once or, where it is large, block after block of rows: what is made of it on the way,
 * 2.25 times its size and that twice, is then there of a block alone. No number changes.
 */
function inBlocks(
  transforms: Transforms,
  x: Value,
  weight: Value,
  bias: Value | undefined,
  { pads = AROUND, most = MOST }: WinogradOptions,
): Value {
  const [, c, h, w] = x.shape;
  const [top, left, bottom, right] = pads;
  const rows = (h + top + bottom - 2) / OUTPUT_TILE;
  const tiles = (rows * (w + left + right - 2)) / OUTPUT_TILE;
  const bytes = TYPE_BYTES[x.type] * transforms.b.length ** 2 * Math.max(c, weight.shape[0]) * tiles;
  const wanted = bytes > most ? Math.ceil(bytes / Math.min(BLOCK, most)) : 1;
  const blocks = Math.min(wanted, rows, Math.floor(tiles / LEAST_TILES));
  if (blocks <= 1) return transformed(transforms, x, weight, bias, pads);
  const parts = Array.from({ length: blocks }, (_, i) => {
    // A block sees a row above itself and one below, of its neighbours or of zeros.
    const from = Math.round((i * rows) / blocks) * OUTPUT_TILE - top;
    const to = Math.round(((i + 1) * rows) / blocks) * OUTPUT_TILE + 2 - top;
    const block = slice(x, [2], [Math.max(from, 0)], [Math.min(to, h)]);
    const own = [Math.max(-from, 0), left, Math.max(to - h, 0), right];
    return transformed(transforms, block, weight, bias, own);
  });
  return concat(parts, 2);
}

function transformed(
  transforms: Transforms,
  x: Value,
  weight: Value,
  bias: Value | undefined,
  pads: readonly number[],
): Value {
  const [, c, h, w] = x.shape;
  const o = weight.shape[0];
  const rows = (h + pads[0] + pads[2] - 2) / OUTPUT_TILE;
  const columns = (w + pads[1] + pads[3] - 2) / OUTPUT_TILE;
  const tiles = rows * columns;
  const { planes, outputs, before, after } = matricesOf(transforms);
  const kernels = kernelsOf(transforms, weight);
  // Every channel is an image of its own, from which one strided convolution takes the values at all points.
  const values = emit("Conv", [reshape(x, [c, 1, h, w]), before], {
    shape: [c, planes, rows, columns],
    attributes: { kernel_shape: [WINDOW, WINDOW], strides: [OUTPUT_TILE, OUTPUT_TILE], pads },
  });
  // Nothing stands between this transpose and the product, so that the runtime makes them one at any size.
  const products = matmul(kernels, transpose(reshape(values, [c, 1, planes, tiles]), [1, 2, 0, 3]));
  // [row in the tile, column in the tile, O, rows, columns], and the two moves that bring the pixels in
  // order.
  const pixels = matmul(after, reshape(products, [planes, o * tiles]));
  const wide = transpose(reshape(pixels, [outputs, outputs, o * tiles]), [0, 2, 1]);
  const lines = transpose(reshape(wide, [outputs, o * rows, columns * outputs]), [1, 0, 2]);
  const y = reshape(lines, [1, o, rows * outputs, columns * outputs]);
  return bias ? add(y, reshape(bias, [1, o, 1, 1])) : y;
}

/** The matrices of transforms, made once: what is merged in a file is made of the same values. */
const matrices = new WeakMap<Transforms, ReturnType<typeof makeMatrices>>();

function matricesOf(transforms: Transforms) {
  const known = matrices.get(transforms) ?? makeMatrices(transforms);
  matrices.set(transforms, known);
  return known;
}

function makeMatrices({ a, b, g }: Transforms) {
  const planes = b.length ** 2;
  return {
    ...{ planes, outputs: a.length, after: twoSided(a) },
    before: reshapeFixed(twoSided(b), [planes, 1, WINDOW, WINDOW]),
    ofKernels: reshapeFixed(twoSided(g), [planes, 1, 1, TAPS]),
    /** The transformed kernels of weights: a convolution in strips has them once, not once a strip. */
    kernels: new WeakMap<Value, Value>(),
  };
}

/** Returns the transform [1, planes, O, C] of a constant weight [O, C, 3, 3]. */
function kernelsOf(transforms: Transforms, weight: Value): Value {
  const { kernels, ofKernels } = matricesOf(transforms);
  const known = kernels.get(weight);
  if (known) return known;
  const [o, c] = weight.shape;
  // The taps of all kernels are one long line, of which a convolution takes nine at a time: so nothing is
  // transposed, and weights are read where they lie.
  const line = reshapeFixed(weight, [1, 1, 1, o * c * TAPS]);
  const planes = emit("Conv", [line, ofKernels], {
    shape: [1, ofKernels.shape[0], 1, o * c],
    attributes: { kernel_shape: [1, TAPS], strides: [1, TAPS], pads: [0, 0, 0, 0] },
  });
  const made = reshape(planes, [1, ofKernels.shape[0], o, c]);
  kernels.set(weight, made);
  return made;
}

/** Reshapes a value that rests on constants; of a constant it is a constant again, over the same numbers. */
function reshapeFixed(v: Value, shape: Shape): Value {
  const { source } = v;
  const named = (name: string) => `${name}[${shape}]`;
  if (source.kind === "constant") return constant(source.data, shape, source.name && named(source.name));
  if (source.kind === "stored") return makeValue(shape, v.type, { ...source, name: named(source.name) });
  if (source.kind === "node" && source.node.op === "Cast") {
    return cast(reshapeFixed(source.node.inputs[0]!, shape), v.type);
  }
  return reshape(v, shape);
}

const ENLARGED = enlarged(toomCook([0, 1, -1, 0.5], 2));

/** Makes even and odd outputs from F(4, 2): the planes of the one and then of the other, outputs in turn. */
function enlarged({ b, g, a }: Transforms): Transforms {
  const zeros = a[0].map(() => 0);
  return {
    // The odd ones look one pixel further on.
    b: [...b.map((row) => [...row, 0]), ...b.map((row) => [0, ...row])],
    g: [...g.map(([s, t]) => [s, t, t]), ...g.map(([s, t]) => [s, s, t])],
    a: a.flatMap((row) => [
      [...row, ...zeros],
      [...zeros, ...row],
    ]),
  };
}
