/**
 * Large images in strips. What a network of convolutions holds between two operators grows with the picture,
 * and what its operators need to work with is a multiple of that (Winograd's transforms are two and a quarter
 * times an image each). Computed strip after strip of rows, operators work with a strip, and of an image
 * there is no second copy. Rows above and below a strip are taken from its neighbours, and the moments of a
 * normalisation are those of all strips together, so nothing is left out at the seams.
 *
 * ONNX Runtime computes what an output needs in depth first, so a strip goes all the way to where the whole
 * image is needed before the next one begins.
 */
import { emit } from "./emit.js";
import { add, div, mul, sqrt, sub } from "./operators/arithmetic.js";
import { reshape } from "./operators/broadcast.js";
import { reduceMean } from "./operators/reduce.js";
import { concat, pad, slice } from "./operators/shape.js";
import { rewrite } from "./rewrite.js";
import {
  type Attribute,
  constant,
  isOnes,
  type Node,
  type Shape,
  sizeOf,
  TYPE_BYTES,
  type Value,
} from "./value.js";

/** The size from which on an image is cut, and how large a strip of it may be; both in bytes. */
export interface StripOptions {
  /**
   * The largest image that stays whole; default 256 MiB: in the published autoencoder images of 128 small
   * pixels a side stay whole.
   */
  readonly largest?: number;
  /** The largest strip; default 64 MiB. */
  readonly strip?: number;
}

/** Rows of a strip are a multiple of this, the side of Winograd's tiles. */
const ROWS = 4;

/** Operators that compute each number from those in the same place, with scalars or a number a channel. */
export const ELEMENTWISE = new Set(
  "Add Sub Mul Div Neg Abs Sqrt Exp Log Pow Erf Tanh Sigmoid Relu LeakyRelu PRelu Clip Max Min Gelu".split(
    " ",
  ),
);

/**
 * Rewrites a graph so that its images [1, C, H, W] of more than `largest` bytes are computed in strips, as
 * far as convolutions, normalisations of groups, enlargements by nearest neighbours and elementwise operators
 * make them; whatever else reads one is given it whole. The results are the same but for rounding in the
 * moments of normalisations.
 * @param outputs the graph, by the names of its outputs
 * @returns the outputs by the same names, without derivatives; the very same values where no image is so
 *   large
 */
export function inStrips<Name extends string>(
  outputs: Readonly<Record<Name, Value>>,
  { largest = 2 ** 28, strip = 2 ** 26 }: StripOptions = {},
): Record<Name, Value> {
  /** The strips of a value that is all of them joined; nobody who reads strips has it joined. */
  const known = new Map<Value, readonly Value[]>();
  const isLarge = (v: Value) => isImage(v) && bytesOf(v) > largest;

  /** Rows [from, to) of an image, from its strips where it has some. */
  const rowsOf = (x: Value, from: number, to: number): Value => {
    const strips = known.get(x);
    if (!strips) return cut(x, from, to);
    const parts: Value[] = [];
    let top = 0;
    for (const one of strips) {
      const bottom = top + one.shape[2];
      const [a, b] = [Math.max(from, top), Math.min(to, bottom)];
      if (a < b) parts.push(cut(one, a - top, b - top));
      top = bottom;
    }
    return concat(parts, 2);
  };

  /** Where the strips of v begin and end, as large as the largest of what is read and made allows. */
  const cutsOf = (v: Value, inputs: readonly Value[]): [number, number][] => {
    const height = v.shape[2];
    const row = Math.max(...[v, ...inputs].map((x) => bytesOf(x) / height));
    const rows = Math.max(ROWS, Math.floor(strip / row / ROWS) * ROWS);
    return Array.from({ length: Math.ceil(height / rows) }, (_, i) => {
      return [i * rows, Math.min(height, (i + 1) * rows)];
    });
  };

  return rewrite(outputs, (v, given) => {
    const images = given.filter(
      (x) => x !== undefined && isImage(x) && sizeOf(x.shape.slice(2)) > 1,
    ) as Value[];
    const { source } = v;
    if (source.kind !== "node" || !isImage(v)) return undefined;
    const grouped = normalised(source.node, given[0]);
    const read = grouped ? [grouped.x] : images;
    if (!isLarge(v) && !read.some((x) => known.has(x))) return undefined;
    const cuts = cutsOf(v, read);
    const strips = grouped
      ? known.has(grouped.x) && normalisedStrips(grouped, known.get(grouped.x)!)
      : stripsBy(source.node, v, given, cuts, rowsOf);
    if (!strips) return undefined;
    const joined = concat(strips, 2);
    if (isLarge(v)) known.set(joined, strips);
    return joined;
  });
}

const isImage = ({ shape, type }: Value) => type === "float32" && shape.length === 4 && shape[0] === 1;

const bytesOf = ({ shape, type }: Value) => sizeOf(shape) * TYPE_BYTES[type];

function cut(x: Value, from: number, to: number): Value {
  return from === 0 && to === x.shape[2] ? x : slice(x, [2], [from], [to]);
}

type Rows = (x: Value, from: number, to: number) => Value;

/** Returns the strips of what a node makes; undefined for a node that is computed whole. */
function stripsBy(
  node: Node,
  v: Value,
  inputs: readonly (Value | undefined)[],
  cuts: readonly (readonly [number, number])[],
  rowsOf: Rows,
): Value[] | undefined {
  const { op, attributes } = node;
  const height = v.shape[2];
  const shapeOf = (from: number, to: number): Shape => [1, v.shape[1], to - from, v.shape[3]];
  if (ELEMENTWISE.has(op)) {
    // What has one row is the same for all strips.
    const hasRows = (one: Value | undefined) => one !== undefined && (one.shape.at(-2) ?? 1) > 1;
    const fits = (one: Value) => isImage(one) && one.shape[2] === height;
    if (inputs.some((one) => hasRows(one) && !fits(one!))) return undefined;
    return cuts.map(([from, to]) => {
      const parts = inputs.map((one) => (hasRows(one) ? rowsOf(one!, from, to) : one));
      return emit(op, parts, { shape: shapeOf(from, to), attributes });
    });
  }
  const x = inputs[0]!;
  if (op === "Resize" && attributes.mode === "nearest") {
    const factor = height / x.shape[2];
    if (!Number.isInteger(factor) || cuts.some(([from, to]) => from % factor || to % factor))
      return undefined;
    return cuts.map(([from, to]) =>
      emit(op, [rowsOf(x, from / factor, to / factor), ...inputs.slice(1)], {
        ...{ shape: shapeOf(from, to), attributes },
      }),
    );
  }
  if (op === "Pad") return paddedStrips(v, x, inputs[1]!, attributes, cuts, rowsOf);
  if (op !== "Conv") return undefined;
  const [kernel] = attributes.kernel_shape as readonly number[];
  const [stride] = attributes.strides as readonly number[];
  const [above, left, , right] = attributes.pads as readonly number[];
  return cuts.map(([from, to]) => {
    // The rows that the kernel looks at, and of these the ones beyond the image, which are zeros.
    const [first, last] = [from * stride - above, (to - 1) * stride - above + kernel];
    const [top, bottom] = [Math.max(0, first), Math.min(x.shape[2], last)];
    const pads = [top - first, left, last - bottom, right];
    const geometry: Record<string, Attribute> = { ...attributes, pads };
    return emit(op, [rowsOf(x, top, bottom), ...inputs.slice(1)], {
      ...{ shape: shapeOf(from, to), attributes: geometry },
    });
  });
}

/** Returns the strips of an image with zeros around it. */
function paddedStrips(
  v: Value,
  x: Value,
  { source }: Value,
  { mode }: Node["attributes"],
  cuts: readonly (readonly [number, number])[],
  rowsOf: Rows,
): Value[] | undefined {
  if (mode !== "constant" || source.kind !== "constant") return undefined;
  const [, channels, above, left, , more, below, right] = Array.from(source.data, Number);
  if (channels !== 0 || more !== 0 || above < 0 || below < 0) return undefined;
  const height = x.shape[2];
  return cuts.map(([from, to]) => {
    const [top, bottom] = [Math.max(0, from - above), Math.min(height, to - above)];
    if (top >= bottom) {
      const shape = [1, v.shape[1], to - from, v.shape[3]];
      return constant(new Float32Array(sizeOf(shape)), shape);
    }
    const before = top + above - from;
    return pad(
      rowsOf(x, top, bottom),
      [0, 0, before, left],
      [0, 0, to - from - before - (bottom - top), right],
    );
  });
}

/** A normalisation of groups of channels, before its scale and shift. */
interface Normalised {
  readonly x: Value;
  readonly groups: number;
  readonly epsilon: number;
}

/**
 * Recognises what `groupNorm` makes of an image: it is given another shape, normalised, and given its own
 * again. @param normal what the last of the three reads
 */
function normalised(node: Node, normal: Value | undefined): Normalised | undefined {
  if (node.op !== "Reshape") return undefined;
  const layer = nodeOf(normal);
  const reshaped = layer?.inputs[0];
  const x = nodeOf(reshaped)?.inputs[0];
  if (layer?.op !== "LayerNormalization" || nodeOf(reshaped)?.op !== "Reshape" || !x || !isImage(x))
    return undefined;
  const plain = layer.inputs.length === 2 && isOnes(layer.inputs[1]!);
  const [groups] = reshaped!.shape;
  const { epsilon } = layer.attributes;
  if (!plain || reshaped!.shape.length !== 2 || x.shape[1] % groups !== 0 || typeof epsilon !== "object")
    return undefined;
  return { x, groups, epsilon: (epsilon as { readonly float: number }).float };
}

/** Returns each strip by the mean and the deviation of all of them together. */
function normalisedStrips({ x, groups, epsilon }: Normalised, strips: readonly Value[]): Value[] {
  const shares = strips.map(({ shape }) => shape[2] / x.shape[2]);
  const inGroups = strips.map((one) => reshape(one, [groups, sizeOf(one.shape) / groups]));
  const moments = inGroups.map((one) => {
    const mean = reduceMean(one, [1], true);
    const centred = sub(one, mean);
    return { mean, variance: reduceMean(mul(centred, centred), [1], true) };
  });
  const weighted = (values: readonly Value[]) =>
    values.map((v, i) => mul(v, shares[i])).reduce((a, b) => add(a, b));
  const mean = weighted(moments.map((one) => one.mean));
  // What lies within the strips, and what lies between them (Chan et al. 1979).
  const variance = weighted(
    moments.map((one) => {
      const apart = sub(one.mean, mean);
      return add(one.variance, mul(apart, apart));
    }),
  );
  const inverse = div(1, sqrt(add(variance, epsilon)));
  return inGroups.map((one, i) => reshape(mul(sub(one, mean), inverse), strips[i].shape));
}

function nodeOf(v: Value | undefined): Node | undefined {
  return v?.source.kind === "node" ? v.source.node : undefined;
}
