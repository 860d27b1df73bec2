/**
 * Graphs whose shapes ONNX Runtime does not find out when it loads them. Where it knows how many sides an
 * output has, it looks among all tensors that are free by then for one of the same sides, whose memory the
 * output could take over. Sides that depend on the picture's have no numbers, so it never finds one; it
 * compares each with each, and that takes longer than all the rest of loading. Without shapes it does not
 * look.
 */
import { emit } from "./emit.js";
import { inTopologicalOrder } from "./order.js";
import { rewrite } from "./rewrite.js";
import { integers, type Node, type Value } from "./value.js";

/**
 * Rewrites a graph so that the runtime finds out next to no shapes, where `toModel` declares none for its
 * inputs (`undeclared`), and yet computes the same to the bit as where it knows them: what it joins by shapes
 * alone is joined here.
 * @param outputs the graph, by the names of its outputs
 * @returns the outputs by the same names, without derivatives
 */
export function shapeless<Name extends string>(outputs: Readonly<Record<Name, Value>>): Record<Name, Value> {
  const further = new Set<Node>();
  for (const { source } of inTopologicalOrder(Object.values<Value>(outputs))) {
    if (source.kind === "node" && source.output > 0) further.add(source.node);
  }
  return rewrite(outputs, (v, inputs) => {
    const node = nodeOf(v);
    if (node?.op === "Gather") return sideOf(inputs[0]!, inputs[1]!);
    if (node?.op === "MatMul") return productOf(v, inputs[0]!, inputs[1]!);
    if (node?.op === "LayerNormalization" && !further.has(node)) {
      // Means and deviations that nobody asks for are tensors too.
      return emit(node.op, inputs, { shape: v.shape, attributes: node.attributes });
    }
    return undefined;
  });
}

/** Takes a side out of a shape in a way that tells the runtime nothing of how many there are. */
function sideOf(shape: Value, { source }: Value): Value | undefined {
  if (nodeOf(shape)?.op !== "Shape" || source.kind !== "constant" || source.data.length > 1) return undefined;
  const axis = Number(source.data[0]);
  return emit("Slice", [shape, integers([axis]), integers([axis + 1])], { shape: [1] });
}

/** Multiplies matrices by the runtime's own operator, which reads them transposed, and scales the product. */
function productOf({ shape }: Value, a: Value, b: Value): Value | undefined {
  const scale = scaleOf(a);
  const order = orderOf(b);
  if (scale === undefined && order === undefined) return undefined;
  const inputs = [scale === undefined ? a : nodeOf(a)!.inputs[0], order ? nodeOf(b)!.inputs[0] : b];
  const attributes = {
    ...(scale !== undefined && { alpha: { float: scale } }),
    ...(order && { [order]: 1 }),
  };
  return emit("FusedMatMul", inputs, { shape, attributes });
}

/** Returns the number that a value is a product with; undefined where it is none. */
function scaleOf(v: Value): number | undefined {
  const node = nodeOf(v);
  const { source, shape } = node?.inputs[1] ?? v;
  return node?.op === "Mul" && source.kind === "constant" && shape.length === 0
    ? Number(source.data[0])
    : undefined;
}

/** Names the order in which matrices are read where they are transposed: rows last, or batches last. */
function orderOf(v: Value): "transB" | "transBatchB" | undefined {
  const node = nodeOf(v);
  if (node?.op !== "Transpose") return undefined;
  const axes = v.shape.map((_, axis) => axis);
  const [columns, rows] = [axes.pop()!, axes.pop()!];
  const [batch, ...batches] = axes;
  const order = String(node.attributes.perm);
  if (order === String([...axes, columns, rows])) return "transB";
  return order === String([...batches, rows, batch, columns]) ? "transBatchB" : undefined;
}

function nodeOf({ source }: Value): Node | undefined {
  return source.kind === "node" ? source.node : undefined;
}
