/**
 * Graphs for inputs of any size, from graphs of fixed size. Networks are written with sizes that are known;
 * what depends on them in a graph are numbers in constants (the shape that a tensor takes, where a slice
 * ends). So the same network is built at a few sizes, the graphs are laid over each other, and where a number
 * differs it is replaced by what it is of the input's batch, height and width: a sum of products of these,
 * such as H W / 64 or H - 8. A graph that differs in anything else (tables as large as the picture, another
 * number of nodes) exists for one size only.
 */
import { emit } from "./emit.js";
import type { Dimension } from "./model.js";
import { sub } from "./operators/arithmetic.js";
import { concat } from "./operators/shape.js";
import { inTopologicalOrder } from "./order.js";
import {
  type Counter,
  counter,
  dimension,
  type Formula,
  formulaOf,
  formulasOf,
  type ImageSize,
} from "./size-formulas.js";
import { type ConstantData, integers, makeValue, type Node, sameShape, type Value } from "./value.js";

/** A graph for any size, with the sides of its inputs and outputs by name. */
export interface AnySize {
  readonly outputs: Readonly<Record<string, Value>>;
  readonly dimensions: Readonly<Record<string, readonly Dimension[]>>;
}

interface AnySizeOptions {
  /** The name of the input [N, C, H, W] that sizes are read from. */
  readonly input: string;
  /** What height and width divide by when the graph is built. */
  readonly multiple?: number;
  /**
   * Whether the graph takes sides that do not divide by that: it then mirrors the picture beyond its right
   * and lower border, and cuts off what comes of that. Default true.
   */
  readonly mirrors?: boolean;
  /** How many pictures go in at once, where that is fixed; any where left out. */
  readonly batch?: number;
}

const AXES = ["batch", "channels", "height", "width"];

/**
 * The sizes that are tried, in multiples; by those of two columns eight graphs, and one more that what was
 * found must hold for.
 */
const PROBES: readonly ImageSize[] = [
  [2, 5, 6],
  [3, 8, 11],
  [5, 9, 13],
];

/**
 * Makes one graph for any batch, height and width.
 * @param build the graph for some; called several times
 * @returns undefined where the graph exists for one size only
 */
export function anySize(
  build: (sides: ImageSize) => Readonly<Record<string, Value>>,
  { input: name, multiple = 1, mirrors = true, batch }: AnySizeOptions,
): AnySize | undefined {
  const probe = (pick: (axis: number) => number): ImageSize => [
    batch ?? PROBES[pick(0)][0],
    PROBES[pick(1)][1] * multiple,
    PROBES[pick(2)][2] * multiple,
  ];
  const corners = Array.from({ length: 8 }, (_, corner) => probe((axis) => (corner >> axis) & 1));
  const sizes = [...corners, probe(() => 2)];
  // Once for nothing: values that networks make once and keep then come first in every graph.
  build(sizes[0]);
  // With a fixed batch half of the corners are one.
  const known = new Map<string, Readonly<Record<string, Value>>>();
  const graphs = sizes.map((sides) => {
    const graph = known.get(String(sides)) ?? build(sides);
    known.set(String(sides), graph);
    return graph;
  });
  const orders = graphs.map((outputs) => inTopologicalOrder(Object.values(outputs)));
  const [first] = orders;
  if (orders.some((order) => order.length !== first.length)) return undefined;

  const places = orders.map((order) => new Map(order.map((v, i) => [v, i])));
  const columns = first.map((_, i) => orders.map((order) => order[i]));
  const picture = first.find(({ source }) => source.kind === "input" && source.name === name);
  if (!picture) return undefined;
  const mirrored = mirrors && multiple > 1;
  const padded = mirrored ? withMirror(picture, multiple) : picture;
  const counted = counter(padded);
  const made: Value[] = [];
  const nodes = new Map<Node, Node>();
  for (const column of columns) {
    const value = merge(column, places, made, nodes, sizes, counted);
    if (!value) return undefined;
    made.push(value === picture ? padded : value);
  }

  const dimensions: Record<string, readonly Dimension[]> = {};
  for (const column of columns) {
    const { source } = column[0];
    if (source.kind !== "input") continue;
    const sides = formulasOf(column, sizes);
    if (!sides) return undefined;
    dimensions[source.name] = sides.map((side, axis) => dimension(side, AXES[axis] ?? String(axis)));
  }
  const whole = counter(picture);
  const outputs: Record<string, Value> = {};
  for (const [key, value] of Object.entries(graphs[0])) {
    const place = places[0].get(value)!;
    const sides = formulasOf(columns[place], sizes);
    if (!sides) return undefined;
    outputs[key] = mirrored ? cropped(made[place], sides, whole) : made[place];
    dimensions[key] = sides.map((side, axis) => {
      return dimension(side, axis === 0 ? AXES[0] : `${key}_${AXES[axis] ?? axis}`);
    });
  }
  return { outputs, dimensions };
}

/**
 * Returns the value that stands for one in every graph; undefined where they differ in what no size explains.
 */
function merge(
  column: readonly Value[],
  places: readonly ReadonlyMap<Value, number>[],
  made: readonly Value[],
  nodes: Map<Node, Node>,
  sizes: readonly ImageSize[],
  counted: Counter,
): Value | undefined {
  const [value] = column;
  const { source } = value;
  if (column.every((v) => v === value) && source.kind !== "node") return value;
  if (column.some((v) => v.type !== value.type || v.source.kind !== source.kind)) return undefined;
  if (source.kind === "constant") return mergeConstants(column, sizes, counted);
  if (source.kind === "input") {
    return column.every((v) => v.source.kind === "input" && v.source.name === source.name)
      ? value
      : undefined;
  }
  if (source.kind === "stored") {
    const isOne = (v: Value) =>
      v.source.kind === "stored" &&
      v.source.place.file === source.place.file &&
      v.source.place.offset === source.place.offset &&
      sameShape(v.shape, value.shape);
    return column.every(isOne) ? value : undefined;
  }
  const { node, output } = source;
  const inputs = node.inputs.map((input) => (input ? places[0].get(input)! : undefined));
  const attributes = JSON.stringify(node.attributes);
  const alike = column.every((v, graph) => {
    if (v.source.kind !== "node" || v.source.output !== output) return false;
    const other = v.source.node;
    return (
      other.op === node.op &&
      other.outputs === node.outputs &&
      JSON.stringify(other.attributes) === attributes &&
      other.inputs.length === inputs.length &&
      other.inputs.every((input, i) => (input ? places[graph].get(input) : undefined) === inputs[i])
    );
  });
  if (!alike) return undefined;
  const merged = nodes.get(node) ?? {
    ...node,
    inputs: inputs.map((place) => (place === undefined ? undefined : made[place])),
  };
  nodes.set(node, merged);
  return makeValue(value.shape, value.type, { kind: "node", node: merged, output });
}

function mergeConstants(
  column: readonly Value[],
  sizes: readonly ImageSize[],
  counted: Counter,
): Value | undefined {
  const [first] = column;
  const datas = column.map(({ source }) => (source.kind === "constant" ? source.data : undefined)!);
  const [data] = datas;
  if (column.some(({ shape }) => shape.length !== first.shape.length)) return undefined;
  if (column.every((v, i) => sameShape(v.shape, first.shape) && sameNumbers(datas[i], data))) return first;
  if (column.every(({ shape }) => sameShape(shape, first.shape))) {
    if (!(data instanceof BigInt64Array) || first.shape.length > 1) return undefined;
    const numbers = Array.from(data, (_, i) =>
      formulaOf(
        datas.map((one) => Number(one[i])),
        sizes,
      ),
    );
    if (!numbers.every((formula) => formula !== undefined)) return undefined;
    return first.shape.length === 0 ? counted.scalar(numbers[0]) : counted.vector(numbers);
  }
  const sides = formulasOf(column, sizes);
  if (!sides) return undefined;
  // One number everywhere, as often as the size asks for.
  if (datas.every((one) => one[0] === data[0] && isUniform(one))) {
    const one = makeValue([], first.type, { kind: "constant", data: data.slice(0, 1) });
    return emit("Expand", [one, counted.vector(sides)], { shape: first.shape });
  }
  if (sides.length === 1 && datas.every((one) => one.every((v: number | bigint, i) => v === BigInt(i)))) {
    const inputs = [integers([0], []), counted.scalar(sides[0]), integers([1], [])];
    return emit("Range", inputs, { shape: first.shape });
  }
  return undefined;
}

/** What {@link isUniform} has found: networks share such constants among layers. */
const uniform = new WeakMap<ConstantData, boolean>();

function isUniform(data: ConstantData): boolean {
  let known = uniform.get(data);
  if (known === undefined) {
    known = true;
    for (let i = 1; known && i < data.length; i++) known = data[i] === data[0];
    uniform.set(data, known);
  }
  return known;
}

function sameNumbers(a: ArrayLike<number | bigint>, b: ArrayLike<number | bigint>): boolean {
  if (a === b) return true;
  if (a.length !== b.length) return false;
  for (let i = 0; i < a.length; i++) if (!Object.is(a[i], b[i])) return false;
  return true;
}

/**
 * Mirrors an image beyond the right and lower border, up to the next multiple; the border itself is not
 * repeated.
 */
function withMirror(picture: Value, multiple: number): Value {
  const shape = emit("Shape", [picture], { shape: [4], type: "int64" });
  const wanted = integers([1, 1, multiple, multiple]);
  const rest = (x: Value) => emit("Mod", [x, wanted], { shape: [4], type: "int64" });
  const after = rest(sub(wanted, rest(shape)));
  const amounts = concat([integers([0, 0, 0, 0]), after], 0);
  return emit("Pad", [picture, amounts], { shape: picture.shape, attributes: { mode: "reflect" } });
}

/** Cuts off what comes of the mirrored borders. */
function cropped(value: Value, sides: readonly Formula[], whole: Counter): Value {
  const axes = sides.flatMap(({ terms }, axis) => (terms.some(({ sides: set }) => set > 1) ? [axis] : []));
  if (axes.length === 0) return value;
  const inputs = [
    value,
    integers(axes.map(() => 0)),
    whole.vector(axes.map((axis) => sides[axis])),
    integers(axes),
    integers(axes.map(() => 1)),
  ];
  return emit("Slice", inputs, { shape: value.shape });
}
