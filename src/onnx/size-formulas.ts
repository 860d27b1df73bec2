/**
 * Numbers of a graph as formulas of its input's batch, height and width: found from what they are at a few
 * sizes, and computed while the graph runs.
 */
import { emit } from "./emit.js";
import type { Dimension } from "./model.js";
import { add, div, mul } from "./operators/arithmetic.js";
import { concat, gather } from "./operators/shape.js";
import { integers, type Value } from "./value.js";

/** Batch, height and width of an input [N, C, H, W]. */
export type ImageSize = readonly [batch: number, height: number, width: number];

/**
 * A number as (sum of factor times product of sides) / divisor; a product is the set of its sides, as bits.
 */
export interface Formula {
  readonly terms: readonly { readonly factor: number; readonly sides: number }[];
  readonly divisor: number;
}

/**
 * Returns what a number is of batch, height and width, from what it is at the eight corners; undefined where
 * that does not hold for the ninth size.
 */
export function formulaOf(values: readonly number[], sizes: readonly ImageSize[]): Formula | undefined {
  // Divided differences along one axis after the other, kept whole: all times the divisor.
  const factors = values.slice(0, 8);
  let divisor = 1;
  for (let axis = 0; axis < 3; axis++) {
    const [low, high] = [sizes[0][axis], sizes[7][axis]];
    if (high > low) divisor *= high - low;
    for (let corner = 0; corner < 8; corner++) {
      if ((corner >> axis) & 1) continue;
      const [a, b] = [factors[corner], factors[corner | (1 << axis)]];
      if (high > low) factors[corner] = a * high - b * low;
      factors[corner | (1 << axis)] = b - a;
    }
  }
  const common = factors.reduce(greatestCommon, divisor);
  const terms = factors
    .map((factor, sides) => ({ factor: factor / common, sides }))
    .filter(({ factor }) => factor !== 0);
  const formula = { terms, divisor: divisor / common };
  const product = (set: number) =>
    sizes[8].reduce((all, side, axis) => all * ((set >> axis) & 1 ? side : 1), 1);
  const ninth = terms.reduce((sum, { factor, sides }) => sum + factor * product(sides), 0);
  return ninth === values[8] * formula.divisor ? formula : undefined;
}

/** Returns what each side of a value is of batch, height and width; undefined where one is nothing. */
export function formulasOf(column: readonly Value[], sizes: readonly ImageSize[]): Formula[] | undefined {
  const formulas = column[0].shape.map((_, axis) =>
    formulaOf(
      column.map(({ shape }) => shape[axis]),
      sizes,
    ),
  );
  return formulas.every((formula) => formula !== undefined) ? formulas : undefined;
}

function greatestCommon(a: number, b: number): number {
  let [x, y] = [Math.abs(a), Math.abs(b)];
  while (y > 0) [x, y] = [y, x % y];
  return x;
}

/** Names a dimension: a side that no size changes is a number, any other has a name. */
export function dimension({ terms, divisor }: Formula, name: string): Dimension {
  return terms.every(({ sides }) => sides === 0) ? (terms[0]?.factor ?? 0) / divisor : name;
}

/** Makes numbers out of the sides of an input, while the graph runs. */
export interface Counter {
  /** Makes a value a scalar, of shape []. */
  scalar(formula: Formula): Value;
  /** Makes a value a vector, of shape [length]. */
  vector(formulas: readonly Formula[]): Value;
}

/** Counts by the sides of a picture [N, C, H, W]. */
export function counter(picture: Value): Counter {
  const shape = emit("Shape", [picture], { shape: [4], type: "int64" });
  const sides = [0, 2, 3].map((axis) => gather(shape, integers([axis])));
  const one = ({ terms, divisor }: Formula): Value => {
    const products = terms.map(({ factor, sides: set }) => {
      const chosen = sides.filter((_, axis) => (set >> axis) & 1);
      const start = factor === 1 && chosen.length > 0 ? chosen.shift()! : integers([factor]);
      return chosen.reduce((product, side) => mul(product, side), start);
    });
    const sum = products.length > 0 ? products.reduce((a, b) => add(a, b)) : integers([0]);
    return divisor === 1 ? sum : div(sum, integers([divisor]));
  };
  return {
    scalar: (formula) => emit("Squeeze", [one(formula), integers([0])], { shape: [] }),
    vector: (formulas) => concat(formulas.map(one), 0),
  };
}
