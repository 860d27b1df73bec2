/**
 * Swin transformer layers (Liu et al. 2021, arXiv 2103.14030) on [N, C, H, W], with group normalisation and
 * 1x1 convolutions for the MLP as in the denoiser of ResShift.
 *
 * Attention sees windows of w x w pixels; every second block shifts them by w/2 with a cyclic roll and masks
 * pairs that the roll brought together. Inside it pixels come first and channels last, so that rolling,
 * cutting windows and cutting heads move whole runs of channels: a transpose of single numbers costs ten
 * times as much.
 */
import * as o from "../onnx/index.js";
import { normal } from "./initializers.js";
import { conv, groupNorm, linear } from "./layers.js";
import type { Scope } from "./scope.js";

export interface SwinOptions {
  /** Channels inside the layer. */
  readonly embed: number;
  readonly depth: number;
  /** Channels of one attention head. */
  readonly headChannels: number;
  readonly window: number;
  readonly mlpRatio: number;
  /** Whether every second block shifts its windows (not where one window covers the size trained on). */
  readonly shifted: boolean;
  /** Which pairs a shifted window keeps apart: see `shiftMask`. */
  readonly masking: "neighbours" | "published";
}

/** `depth` Swin blocks between two 1x1 convolutions; H and W must divide by the window. */
export function swinLayer(p: Scope, x: o.Value, options: SwinOptions): o.Value {
  const { embed, depth, window, shifted } = options;
  let h = conv(p.at("patch_embed.proj"), x, embed, 1);
  for (let i = 0; i < depth; i++) {
    h = swinBlock(p.at("blocks").at(i), h, options, shifted && i % 2 === 1 ? window >> 1 : 0);
  }
  return conv(p.at("patch_unembed.proj"), h, x.shape[1], 1);
}

function swinBlock(p: Scope, x: o.Value, options: SwinOptions, shift: number): o.Value {
  const h = o.add(x, windowAttention(p.at("attn"), groupNorm(p.at("norm1"), x), options, shift));
  return o.add(h, mlp(p.at("mlp"), groupNorm(p.at("norm2"), h), options));
}

function mlp(p: Scope, x: o.Value, { embed, mlpRatio }: SwinOptions): o.Value {
  const hidden = o.gelu(conv(p.at("fc1"), x, Math.round(embed * mlpRatio), 1));
  return conv(p.at("fc2"), hidden, embed, 1);
}

function windowAttention(p: Scope, x: o.Value, options: SwinOptions, shift: number): o.Value {
  const { window: w, headChannels: d } = options;
  const [n, c, height, width] = x.shape;
  if (height % w !== 0 || width % w !== 0) {
    throw new Error(`window attention: sides ${height} x ${width} do not divide by the window ${w}`);
  }
  const [rows, columns, heads, tokens] = [height / w, width / w, c / d, w * w];
  const pixels = roll(o.transpose(x, [0, 2, 3, 1]), shift);
  const cut = o.transpose(o.reshape(pixels, [n, rows, w, columns, w * c]), [0, 1, 3, 2, 4]);
  const qkv = linear(p.at("qkv"), o.reshape(cut, [n * rows * columns * tokens, c]), 3 * c, projection);
  // [part, N, window, head, pixel, d]
  const parts = o.transpose(o.reshape(qkv, [n, rows * columns, tokens, 3, heads, d]), [3, 0, 1, 4, 2, 5]);
  const [q, k, v] = o.split(parts, 3, 0).map((part) => o.reshape(part, part.shape.slice(1)));
  const bias = relativePositionBias(p, heads, w);
  let logits = o.add(o.matmul(o.mul(q, d ** -0.5), o.transposeLast(k)), bias);
  if (shift > 0) logits = o.add(logits, shiftMask(height, width, options, shift));
  const attended = o.transpose(o.matmul(o.softmax(logits), v), [0, 1, 3, 2, 4]);
  const out = linear(p.at("proj"), o.reshape(attended, [n * rows * columns * tokens, c]), c, projection);
  const whole = o.transpose(o.reshape(out, [n, rows, columns, w, w * c]), [0, 1, 3, 2, 4]);
  return o.transpose(roll(o.reshape(whole, [n, height, width, c]), -shift), [0, 3, 1, 2]);
}

const projection = normal(0.02);

/** [heads, w w, w w]: a learnt number for each of the (2w - 1)^2 offsets between two pixels of a window. */
function relativePositionBias(p: Scope, heads: number, w: number): o.Value {
  const table = p.parameter("relative_position_bias_table", [(2 * w - 1) ** 2, heads], normal(0.02));
  const picked = o.gather(table, offsetsIn(w));
  return o.reshape(o.transpose(picked, [1, 0]), [heads, w * w, w * w]);
}

const offsets = new Map<number, o.Value>();

/**
 * Which offset lies between each two pixels of a window; one constant for all attentions, in memory and in a
 * file.
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
 * What is added to the logit of two pixels that must not see each other. exp(-60) leaves no trace in a
 * float32 sum with 1; the usual -100 leaves none either, but comes to denormal numbers, with which some
 * processors take fifty times as long.
 */
const APART = -60;

/**
 * [window, 1, w w, w w]: {@link APART} between pixels that must not see each other, else 0.
 *
 * `neighbours` keeps apart what the roll brought together, in rows and in columns. `published` is what the
 * published denoisers were trained with (read off the masks in their state dicts): in the last row of windows
 * the left part is kept from the right part, and nothing else.
 */
function shiftMask(
  height: number,
  width: number,
  { window: w, masking }: SwinOptions,
  shift: number,
): o.Value {
  const band = (at: number, side: number) => (at < side - w ? 0 : at < side - shift ? 1 : 2);
  const [rows, columns, tokens] = [height / w, width / w, w * w];
  const mask = new Float32Array(rows * columns * tokens * tokens);
  const region = new Uint8Array(tokens);
  for (let window = 0; window < rows * columns; window++) {
    const [top, left] = [Math.floor(window / columns) * w, (window % columns) * w];
    for (let i = 0; i < tokens; i++) {
      const [y, x] = [Math.floor(i / w), i % w];
      region[i] =
        masking === "published" ? band(top + x, height) : 3 * band(top + y, height) + band(left + x, width);
    }
    for (let a = 0; a < tokens; a++) {
      for (let b = 0; b < tokens; b++) {
        if (region[a] !== region[b]) mask[(window * tokens + a) * tokens + b] = APART;
      }
    }
  }
  return o.constant(mask, [rows * columns, 1, tokens, tokens]);
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
