/**
 * The end of a network that enlarges, in strips. Its images are many times as large as those before it, so
 * they are most of what a run needs, though they are little of its work. Each strip of the result is computed
 * from the small image on, with the rows beside it that it depends on. Unlike the strips of `inStrips` it
 * takes no rows from its neighbours: nothing is cut or joined on the way, so ONNX Runtime's blocked layout of
 * images stays as it is, and a few rows are computed twice.
 */
import { emit } from "./emit.js";
import { concat, slice } from "./operators/shape.js";
import { inTopologicalOrder } from "./order.js";
import { ELEMENTWISE } from "./strips.js";
import { bytesOf, type Node, type Value } from "./value.js";

/** The sizes from which on a tail is cut, and how large a strip's images may be; both in bytes. */
export interface TailOptions {
  /** The largest image that stays whole; default 12 MiB. */
  readonly largest?: number;
  /** The largest image of a strip; default 8 MiB. */
  readonly strip?: number;
}

/** How many times the rows of all images may be computed, at most. */
const MOST_ROWS = 1.25;

/**
 * Rewrites a graph so that all that comes after its first enlargement is computed in strips, where that is
 * nothing but convolutions with a stride of 1, enlargements by whole numbers and operators that go pixel by
 * pixel, and has an image [1, C, H, W] of more than `largest` bytes. The numbers are those without strips.
 * @param outputs the graph, by the names of its outputs
 * @returns the outputs by the same names, without derivatives; the very same values where nothing is cut
 */
export function tailInStrips<Name extends string>(
  outputs: Readonly<Record<Name, Value>>,
  { largest = 12 * 2 ** 20, strip = 2 ** 23 }: TailOptions = {},
): Record<Name, Value> {
  const entries = Object.entries<Value>(outputs).map(([name, result]) => {
    const tail = tailOf(result);
    const most = Math.max(0, ...[...(tail?.keys() ?? [])].map(bytesOf));
    return [name, tail && most > largest ? cut(result, tail, Math.ceil(most / strip)) : result];
  });
  return Object.fromEntries(entries) as Record<Name, Value>;
}

/** How the rows of an image follow from those of what it is made of, at the same place in its inputs. */
interface Reach {
  /** How many times as high it is. */
  readonly factor: number;
  /** How many rows above and below its own it depends on, of the lower image. */
  readonly above: number;
  readonly below: number;
}

/** What is computed of enlarged images, in order. */
type Tail = ReadonlyMap<Value, Reach>;

/**
 * Finds what is computed of enlarged images; undefined where there is none, or where some of it has no reach.
 */
function tailOf(result: Value): Tail | undefined {
  const tail = new Map<Value, Reach>();
  for (const v of inTopologicalOrder([result])) {
    const node = nodeOf(v);
    const isEnlarged = node && (ENLARGING.has(node.op) || node.inputs.some((x) => x && tail.has(x)));
    if (!isEnlarged) continue;
    const reach = reachOf(v, node);
    if (!reach) return undefined;
    tail.set(v, reach);
  }
  return tail.has(result) ? tail : undefined;
}

const ENLARGING = new Set(["Resize", "DepthToSpace"]);

/** Returns undefined for what depends on other rows than those around its own. */
function reachOf(v: Value, { op, inputs, attributes }: Node): Reach | undefined {
  const [x, weight] = inputs as [Value, Value | undefined];
  if (!isImage(v) || !isImage(x)) return undefined;
  const factor = v.shape[2] / x.shape[2];
  if (op === "DepthToSpace" || (op === "Resize" && attributes.mode === "nearest")) {
    return Number.isInteger(factor) ? { factor, above: 0, below: 0 } : undefined;
  }
  if (factor !== 1) return undefined;
  if (op === "Conv") {
    const [above, , below] = attributes.pads as readonly number[];
    const isPlain = String(attributes.strides) === "1,1" && weight!.shape[2] === above + below + 1;
    return isPlain ? { factor, above, below } : undefined;
  }
  const isAlike = inputs.every((one) => !one || hasOneRow(one) || one.shape[2] === v.shape[2]);
  return ELEMENTWISE.has(op) && isAlike ? { factor, above: 0, below: 0 } : undefined;
}

const isImage = ({ shape, type }: Value) => type === "float32" && shape.length === 4 && shape[0] === 1;

const hasOneRow = ({ shape }: Value) => (shape.at(-2) ?? 1) === 1;

/** Returns what an image is made of row by row: a kernel and a number a channel are the same for all rows. */
function imagesOf({ op, inputs }: Node): Value[] {
  return op === "Conv" || ENLARGING.has(op)
    ? [inputs[0]!]
    : (inputs.filter((x) => x !== undefined && !hasOneRow(x)) as Value[]);
}

/** Rows [from, to) of an image. */
interface Rows {
  readonly from: number;
  readonly to: number;
}

/** Computes an image in strips, in as many as there can be up to `most`. */
function cut(result: Value, tail: Tail, most: number): Value {
  const height = result.shape[2];
  const bytes = (v: Value, rows = v.shape[2]) => (bytesOf(v) / v.shape[2]) * rows;
  const whole = [...tail.keys()].reduce((sum, v) => sum + bytes(v), 0);
  for (let count = Math.min(most, height); count > 1; count--) {
    const places = Array.from({ length: count + 1 }, (_, i) => Math.round((i * height) / count));
    const strips = places.slice(1).map((to, i) => neededFor(result, tail, { from: places[i], to }));
    const all = strips.flatMap((rows) =>
      [...tail.keys()].map((v) => bytes(v, rows.get(v)!.to - rows.get(v)!.from)),
    );
    if (all.reduce((a, b) => a + b) > MOST_ROWS * whole) continue;
    return concat(
      strips.map((rows) => stripOf(result, tail, rows)),
      2,
    );
  }
  return result;
}

/** Finds the rows of each image that some rows of the result depend on. */
function neededFor(result: Value, tail: Tail, rows: Rows): ReadonlyMap<Value, Rows> {
  const needed = new Map([[result, rows]]);
  for (const [v, { factor, above, below }] of [...tail].reverse()) {
    const { from, to } = needed.get(v)!;
    for (const x of imagesOf(nodeOf(v)!)) {
      const known = needed.get(x);
      const first = Math.max(0, Math.floor(from / factor) - above);
      const end = Math.min(x.shape[2], Math.ceil(to / factor) + below);
      needed.set(x, { from: Math.min(first, known?.from ?? first), to: Math.max(end, known?.to ?? end) });
    }
  }
  return needed;
}

/** Computes a strip of the result from the rows that it needs of small images, and what comes of these. */
function stripOf(result: Value, tail: Tail, needed: ReadonlyMap<Value, Rows>): Value {
  const parts = new Map<Value, Rows & { readonly value: Value }>();
  const partOf = (x: Value) => {
    const part = parts.get(x) ?? { ...needed.get(x)!, value: rowsOf(x, needed.get(x)!) };
    parts.set(x, part);
    return part;
  };
  for (const [v, { factor, above, below }] of tail) {
    const node = nodeOf(v)!;
    const { op, inputs, attributes } = node;
    const given = new Map(imagesOf(node).map((x) => [x, partOf(x)]));
    const from = Math.max(...[...given.values()].map((part) => part.from));
    const to = Math.min(...[...given.values()].map((part) => part.to));
    const alike = inputs.map((x) => {
      const part = x && given.get(x);
      return part ? rowsOf(part.value, { from: from - part.from, to: to - part.from }) : x;
    });
    const height = v.shape[2] / factor;
    // Beyond the image are zeros; elsewhere the rows that a kernel looks at are there.
    const [first, last] = [from === 0, to === height];
    const rows = { from: factor * (first ? 0 : from + above), to: factor * (last ? height : to - below) };
    const [, left, , right] = (attributes.pads ?? []) as readonly number[];
    const pads = [first ? above : 0, left, last ? below : 0, right];
    const value = emit(op, alike, {
      shape: [...v.shape.slice(0, 2), rows.to - rows.from, v.shape[3]],
      attributes: op === "Conv" ? { ...attributes, pads } : attributes,
    });
    parts.set(v, { ...rows, value });
  }
  const { value, from } = parts.get(result)!;
  const rows = needed.get(result)!;
  return rowsOf(value, { from: rows.from - from, to: rows.to - from });
}

function rowsOf(x: Value, { from, to }: Rows): Value {
  return from === 0 && to === x.shape[2] ? x : slice(x, [2], [from], [to]);
}

function nodeOf({ source }: Value): Node | undefined {
  return source.kind === "node" ? source.node : undefined;
}
