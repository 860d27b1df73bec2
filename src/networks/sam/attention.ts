/**
 * Attention with decomposed relative positions (Li et al. 2022, arXiv 2112.01526): each pair of places adds
 * q · R_h[y - y'] + q · R_w[x - x'] to its logit, so the tables grow with the sides and not with the pairs.
 */
import { normal, type Scope } from "../../nn/index.js";
import * as o from "../../onnx/index.js";
import { resizeMatrix } from "./resize-matrix.js";

/** Relative positions along both axes, each [side, side, d]: a vector for each place and each place it looks at. */
export interface RelativePositions {
  readonly rows: o.Value;
  readonly columns: o.Value;
}

/**
 * Softmax(q kᵀ / sqrt(d) + relative positions) v.
 * @param q [batch, heads, side side, d], and so k and v
 */
export function attention(q: o.Value, k: o.Value, v: o.Value, { rows, columns }: RelativePositions): o.Value {
  const [batch, heads, tokens, d] = q.shape;
  const [side] = rows.shape;
  const square = o.reshape(q, [batch, heads, side, side, d]);
  const byRow = o.matmul(square, o.transposeLast(rows));
  const byColumn = o.transpose(
    o.matmul(o.transpose(square, [0, 1, 3, 2, 4]), o.transposeLast(columns)),
    [0, 1, 3, 2, 4],
  );
  const logits = o.reshape(o.matmul(o.mul(q, d ** -0.5), o.transposeLast(k)), [
    batch,
    heads,
    side,
    side,
    side,
    side,
  ]);
  const biased = o.add(
    o.add(logits, o.reshape(byRow, [batch, heads, side, side, side, 1])),
    o.reshape(byColumn, [batch, heads, side, side, 1, side]),
  );
  return o.matmul(o.softmax(o.reshape(biased, [batch, heads, tokens, tokens])), v);
}

/**
 * A table of relative positions laid out for every pair of places along an axis: [side, side, d], entry (i, j) being the
 * table's at i - j + side - 1. A table trained for another side is resampled linearly, as the published code does.
 */
export function relativeTable(
  p: Scope,
  name: string,
  side: number,
  shape: readonly [number, number],
): o.Value {
  const table = p.parameter(name, shape, normal(0.02));
  const [offsets] = shape;
  const span = 2 * side - 1;
  const fitted =
    offsets === span ? table : o.matmul(o.constant(resizeMatrix(offsets, span), [span, offsets]), table);
  const index = Array.from(
    { length: side * side },
    (_, at) => Math.floor(at / side) - (at % side) + side - 1,
  );
  return o.gather(fitted, o.integers(index, [side, side]));
}
