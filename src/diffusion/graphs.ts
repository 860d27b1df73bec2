/**
 * The algebra of graph values: what is computed with it becomes part of an ONNX graph, and can be
 * differentiated.
 */
import * as o from "../onnx/index.js";
import type { Algebra } from "./algebra.js";

/**
 * Rates are numbers or values that broadcast against an image [N, C, H, W], such as [N, 1, H, W] or [N, 1, 1,
 * 1].
 */
export const graphAlgebra: Algebra<o.Operand, o.Value> = {
  add: folded((a, b) => a + b, o.add),
  sub: folded((a, b) => a - b, o.sub),
  mul: folded((a, b) => a * b, o.mul),
  div: folded((a, b) => a / b, o.div),
  max: folded(Math.max, o.maximum),
  sqrt: (a) => (typeof a === "number" ? Math.sqrt(a) : o.sqrt(a)),
  weightedSum: (...terms) =>
    terms
      .filter(([rate]) => rate !== 0)
      .map(([rate, image]) => (rate === 1 ? image : o.mul(rate, image)))
      .reduce((sum, term) => o.add(sum, term)),
};

/** Numbers among each other need no node. */
function folded(
  onNumbers: (a: number, b: number) => number,
  onValues: (a: o.Operand, b: o.Operand) => o.Value,
): (a: o.Operand, b: o.Operand) => o.Operand {
  return (a, b) => (typeof a === "number" && typeof b === "number" ? onNumbers(a, b) : onValues(a, b));
}
