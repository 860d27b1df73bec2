/**
 * The transforms behind Winograd's convolutions: Toom and Cook's multiplication of polynomials, by their
 * values at points. A tile of 4 outputs of a kernel of 3 depends on 6 inputs, and is found from 6 products.
 */
import { constant, type Value } from "./value.js";

/** How many outputs a tile has along a side; the sides of an image must divide by it. */
export const OUTPUT_TILE = 4;

/** How many inputs a tile has along a side: tiles lie `OUTPUT_TILE` apart and overlap by two. */
export const WINDOW = 6;

/** A matrix as its rows. */
type Matrix = readonly (readonly number[])[];

/**
 * The three transforms along one side, for inputs [planes, WINDOW], kernel [planes, 3] and outputs [outputs,
 * planes].
 */
export interface Transforms {
  readonly b: Matrix;
  readonly g: Matrix;
  readonly a: Matrix;
}

/** Makes the transforms of F(4, taps) from its finite points; infinity is one more. */
export function toomCook(points: readonly number[], taps: number): Transforms {
  const others = (p: number) => points.filter((q) => q !== p);
  const row = (length: number, f: (i: number) => number) => Array.from({ length }, (_, i) => f(i));
  /** Multiplies (x - p) over the roots p: the coefficients, lowest first. */
  const polynomial = (roots: readonly number[]) => {
    const c = row(points.length + 1, (i) => (i === 0 ? 1 : 0));
    for (const p of roots) for (let i = c.length - 1; i >= 0; i--) c[i] = (c[i - 1] ?? 0) - p * c[i];
    return c;
  };
  const scaled = (p: number) => others(p).reduce((product, q) => product * (p - q), 1);
  const last = (length: number) => row(length, (i) => (i === length - 1 ? 1 : 0));
  return {
    b: [...points.map((p) => polynomial(others(p))), polynomial(points)],
    g: [...points.map((p) => row(taps, (i) => p ** i / scaled(p))), last(taps)],
    a: row(OUTPUT_TILE, (i) => i).map((i) => [...points.map((p) => p ** i), i === OUTPUT_TILE - 1 ? 1 : 0]),
  };
}

/**
 * The transforms of F(4, 3). The points 0, 1, -1, 1/2, -2 and infinity keep the rounding near 3e-6 of the
 * largest output; the usual 0, 1, -1, 2, -2 lose three times that.
 */
export const F43 = toomCook([0, 1, -1, 0.5, -2], 3);

/**
 * Makes one matrix of a transform along rows and along columns: from [row, column] to planes [row, column],
 * or planes [column, row]. Of one transform it is the same constant in all layers.
 */
export function twoSided(m: Matrix, planes: "rows first" | "columns first" = "rows first"): Value {
  const known = made[planes].get(m);
  if (known) return known;
  const pairs = m.flatMap((a) => m.map((b) => (planes === "rows first" ? [a, b] : [b, a])));
  const numbers = pairs.flatMap(([row, column]) => row.flatMap((p) => column.map((q) => p * q)));
  const matrix = constant(numbers, [m.length ** 2, m[0].length ** 2]);
  made[planes].set(m, matrix);
  return matrix;
}

const made = {
  "rows first": new WeakMap<Matrix, Value>(),
  "columns first": new WeakMap<Matrix, Value>(),
};
