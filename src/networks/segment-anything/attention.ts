/**
 * Attention with decomposed relative positions (Li et al. 2022, arXiv 2112.01526): each pair of places adds
 * q · R_h[y - y'] + q · R_w[x - x'] to its logit, so the tables grow with the sides and not with the pairs.
 */
import { normal, type Scope } from "../../nn/index.js";
import * as o from "../../onnx/index.js";
import { resizeMatrix } from "./resize-matrix.js";

/**
 * Relative positions along both axes, each [side, side, d]: a vector for each place and each place it looks
 * at.
 */
interface RelativePositions {
  readonly rows: o.Value;
  readonly columns: o.Value;
}

/**
 * How many logits are worked on at a time. Attention to a whole image of 64 x 64 patches has 16 million for
 * each head: taken a few rows of queries at a time, memory stays bounded (encoding takes 1.8 GB where it took
 * 4.5), and they stay in the processor's cache through all their passes.
 */
const LOGITS = 2 ** 20;

/**
 * Computes softmax(q kᵀ / sqrt(d) + relative positions) v for one head.
 * @param q [batch, side side, d], and so k and v
 */
export function attention(q: o.Value, k: o.Value, v: o.Value, positions: RelativePositions): o.Value {
  const [batch, tokens, d] = q.shape;
  const [side] = positions.rows.shape;
  const square = o.reshape(q, [batch, side, side, d]);
  const byRow = o.matmul(square, o.transposeLast(positions.rows));
  const flipped = o.matmul(o.transpose(square, [0, 2, 1, 3]), o.transposeLast(positions.columns));
  const byColumn = o.transpose(flipped, [0, 2, 1, 3]);
  const scaled = o.mul(q, d ** -0.5);
  const step = Math.max(1, Math.min(side, Math.floor(LOGITS / (batch * side * tokens))));
  const parts: o.Value[] = [];
  for (let row = 0; row < side; row += step) {
    const rows = Math.min(step, side - row);
    const some = (x: o.Value, times: number) => o.slice(x, [1], [row * times], [(row + rows) * times]);
    const logits = o.reshape(o.matmul(some(scaled, side), o.transposeLast(k)), [
      batch,
      rows,
      side,
      side,
      side,
    ]);
    const biased = o.add(
      o.add(logits, o.reshape(some(byRow, 1), [batch, rows, side, side, 1])),
      o.reshape(some(byColumn, 1), [batch, rows, side, 1, side]),
    );
    parts.push(o.matmul(o.softmax(o.reshape(biased, [batch, rows * side, tokens])), v));
  }
  return o.concat(parts, 1);
}

/**
 * Returns a table of relative positions laid out for every pair of places along an axis: [side, side, d],
 * entry (i, j) being the table's at i - j + side - 1. A table trained for another side is resampled linearly,
 * as the published code does.
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
