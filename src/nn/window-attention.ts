/**
 * Attention within windows of w x w pixels (Liu et al. 2021, arXiv 2103.14030), which a cyclic roll may
 * shift. Pixels come first and channels last, so that rolling, cutting windows and cutting heads move whole
 * runs of channels: a transpose of single numbers costs ten times as much.
 */
import * as o from "../onnx/index.js";
import { normal } from "./initializers.js";
import { linear } from "./layers.js";
import type { Scope } from "./scope.js";

/**
 * What is added to the logit of two pixels that must not see each other. exp(-60) leaves no trace in a
 * float32 sum with 1; the usual -100 leaves none either, but comes to denormal numbers, with which some
 * processors take fifty times as long.
 */
export const APART = -60;

interface WindowAttentionOptions {
  /** The side w of a window: it is w x w pixels. */
  readonly window: number;
  /** Channels of one head. */
  readonly headChannels: number;
  /** How far windows are shifted, right and down. */
  readonly shift: number;
  /** The mask [windows, 1, w w, w w]: {@link APART} between pixels that must not see each other, else 0. */
  readonly mask?: o.Value;
}

/**
 * Attends within windows of x [N, H, W, C] -> [N, H, W, C], with the names `qkv`, `proj` and
 * `relative_position_bias_table` of public code.
 * @throws {Error} when a side does not divide by the window
 */
export function attendInWindows(p: Scope, x: o.Value, options: WindowAttentionOptions): o.Value {
  const { window: w, headChannels: d, shift, mask } = options;
  const [n, height, width, c] = x.shape;
  if (height % w !== 0 || width % w !== 0) {
    throw new Error(`window attention: sides ${height} x ${width} do not divide by the window ${w}`);
  }
  const [rows, columns, heads, tokens] = [height / w, width / w, c / d, w * w];
  const pixels = roll(x, shift);
  const cut = o.transpose(o.reshape(pixels, [n, rows, w, columns, w * c]), [0, 1, 3, 2, 4]);
  const qkv = linear(p.at("qkv"), o.reshape(cut, [n * rows * columns * tokens, c]), 3 * c, projection);
  // [part, N, window, head, pixel, d]
  const parts = o.transpose(o.reshape(qkv, [n, rows * columns, tokens, 3, heads, d]), [3, 0, 1, 4, 2, 5]);
  const [q, k, v] = o.split(parts, 3, 0).map((part) => o.reshape(part, part.shape.slice(1)));
  const bias = relativePositionBias(p, heads, w);
  let logits = o.add(o.matmul(o.mul(q, d ** -0.5), o.transposeLast(k)), bias);
  if (mask) logits = o.add(logits, mask);
  const attended = o.transpose(o.matmul(o.softmax(logits), v), [0, 1, 3, 2, 4]);
  const out = linear(p.at("proj"), o.reshape(attended, [n * rows * columns * tokens, c]), c, projection);
  const whole = o.transpose(o.reshape(out, [n, rows, columns, w, w * c]), [0, 1, 3, 2, 4]);
  return roll(o.reshape(whole, [n, height, width, c]), -shift);
}

const projection = normal(0.02);

/**
 * Returns what is added to the attention, [heads, w w, w w]: a learnt number for each of the (2w - 1)^2
 * offsets between two pixels of a window.
 */
function relativePositionBias(p: Scope, heads: number, w: number): o.Value {
  const table = p.parameter("relative_position_bias_table", [(2 * w - 1) ** 2, heads], normal(0.02));
  const picked = o.gather(table, offsetsIn(w));
  return o.reshape(o.transpose(picked, [1, 0]), [heads, w * w, w * w]);
}

const offsets = new Map<number, o.Value>();

/**
 * Tells which offset lies between each two pixels of a window; one constant for all attentions, in memory and
 * in a file.
 */
function offsetsIn(w: number): o.Value {
  const known = offsets.get(w);
  if (known) return known;
  const index: number[] = [];
  for (let a = 0; a < w * w; a++) {
    for (let b = 0; b < w * w; b++) {
      const dy = Math.floor(a / w) - Math.floor(b / w) + w - 1;
      const dx = (a % w) - (b % w) + w - 1;
      index.push(dy * (2 * w - 1) + dx);
    }
  }
  const value = o.integers(index);
  offsets.set(w, value);
  return value;
}

/**
 * Moves the image [N, H, W, C] up and left by `shift` pixels, what falls off coming back on the other side.
 */
function roll(x: o.Value, shift: number): o.Value {
  if (shift === 0) return x;
  return [1, 2].reduce((v, axis) => {
    const side = v.shape[axis];
    const at = (shift + side) % side;
    return o.concat([o.slice(v, [axis], [at], [side]), o.slice(v, [axis], [0], [at])], axis);
  }, x);
}
