/**
 * How much arithmetic a graph asks for, counted from shapes. What the runtime would not do is not counted: a
 * node that stands in the graph twice (it becomes one in the file), and a node that rests on constants alone
 * (it is computed once, when the model is loaded).
 */
import { inTopologicalOrder } from "./order.js";
import { type Node, type Shape, sizeOf, type Value } from "./value.js";

/** Floating-point operations of a graph. */
export interface Flops {
  /**
   * Operations in convolutions and matrix products: two for each multiply-add, taps that lie on padding
   * included. This number is exact.
   */
  readonly products: number;
  /**
   * Operations in all the rest (biases, sums, norms, activations), at the rough prices stated in this file.
   */
  readonly others: number;
}

/** What an operator costs for each element of its output. One that only moves numbers costs nothing. */
const PER_OUTPUT: Readonly<Record<string, number>> = {
  ...each(
    1,
    "Add Sub Mul Div Max Min Neg Abs Sign Sqrt Exp Log Pow Sin Cos Erf Tanh Sigmoid Clip Relu " +
      "LeakyRelu PRelu",
  ),
  ...each(1, "Where And Equal Greater GreaterOrEqual"),
  // Two pixels along x, of these two along y: three weighted sums.
  GridSample: 9,
  // Largest, difference, exponential, sum, quotient.
  Softmax: 5,
  // Quotient, erf, sum, and two products.
  Gelu: 5,
  ...each(0, "Reshape Transpose Expand Concat Slice Pad Gather Resize SpaceToDepth DepthToSpace Cast"),
};

/** What an operator costs for each element of one of its inputs: which input, and the price. */
const PER_INPUT: Readonly<Record<string, readonly [place: number, price: number]>> = {
  ReduceSum: [0, 1],
  ReduceMean: [0, 1],
  ReduceMax: [0, 1],
  // A comparison each.
  ArgMin: [0, 1],
  AveragePool: [0, 1],
  // Two sums, difference, square, quotient, weight.
  LayerNormalization: [0, 6],
  // Each update is added to what is there.
  ScatterND: [2, 1],
  Split: [0, 0],
};

function each(price: number, operators: string): Record<string, number> {
  return Object.fromEntries(operators.split(" ").map((op) => [op, price]));
}

/**
 * Counts the floating-point operations in one run of the graph behind `outputs`. An operator that has no
 * price counts as zero operations; the exact part, products, does not rest on prices.
 */
export function countFlops(outputs: Iterable<Value>): Flops {
  let products = 0;
  let others = 0;
  for (const { node, shape } of computedNodes(outputs)) {
    const cost = costOf(node, shape);
    products += cost.products;
    others += cost.others;
  }
  return { products, others };
}

/** Counts the part of {@link countFlops}' products that is in 3 x 3 convolutions computed by taps. */
export function countTaps(outputs: Iterable<Value>): number {
  let products = 0;
  for (const { node, shape } of computedNodes(outputs)) {
    const kernel = node.op === "Conv" ? node.inputs[1]!.shape.slice(2) : [];
    if (kernel.length === 2 && kernel.every((side) => side === 3)) products += costOf(node, shape).products;
  }
  return products;
}

function costOf(node: Node, out: Shape): Flops {
  const [a, b] = node.inputs.map((v) => v?.shape ?? []);
  const bias = node.inputs[2] ? sizeOf(out) : 0;
  switch (node.op) {
    case "Conv":
      return { products: 2 * sizeOf(out) * sizeOf(b.slice(1)), others: bias };
    case "ConvTranspose":
      return { products: 2 * sizeOf(a) * sizeOf(b.slice(1)), others: bias };
    case "Gemm":
      return { products: 2 * sizeOf(out) * (node.attributes.transA === 1 ? a[0] : a[1]), others: bias };
    case "MatMul":
      return { products: 2 * sizeOf(out) * a[a.length - 1], others: 0 };
  }
  const perInput = PER_INPUT[node.op];
  if (perInput) return { products: 0, others: perInput[1] * sizeOf(node.inputs[perInput[0]]!.shape) };
  return { products: 0, others: (PER_OUTPUT[node.op] ?? 0) * sizeOf(out) };
}

/**
 * Finds each node that a run computes, once, with the shape of its output. Two nodes are one when their keys
 * are equal.
 */
function computedNodes(outputs: Iterable<Value>): Iterable<{ node: Node; shape: Shape }> {
  const numbers = new Map<unknown, number>();
  const numberOf = (thing: unknown) => {
    if (!numbers.has(thing)) numbers.set(thing, numbers.size);
    return numbers.get(thing)!;
  };
  const keys = new Map<Value, string>();
  const fixed = new Set<Value>();
  const nodes = new Map<string, { node: Node; shape: Shape }>();
  for (const v of inTopologicalOrder(outputs)) {
    const { source } = v;
    if (source.kind === "input") keys.set(v, `input ${source.name}`);
    else if (source.kind === "constant") {
      const { data } = source;
      const contents = data.length <= 64 ? data.join() : `#${numberOf(data)}`;
      keys.set(v, `${v.type}[${v.shape}] ${contents}`);
      fixed.add(v);
    } else if (source.kind === "stored") {
      keys.set(v, `stored ${source.name}`);
      fixed.add(v);
    } else {
      const { node, output } = source;
      const inputs = node.inputs.map((i) => (i ? keys.get(i) : ""));
      const key = `${node.op}(${inputs.join(";")})${JSON.stringify(node.attributes)}`;
      keys.set(v, `@${numberOf(key)}.${output}`);
      if (node.inputs.every((i) => !i || fixed.has(i))) fixed.add(v);
      else nodes.set(key, { node, shape: v.shape });
    }
  }
  return nodes.values();
}
