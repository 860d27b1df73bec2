/**
 * Swin transformer layers (Liu et al. 2021, arXiv 2103.14030) on [N, C, H, W], with group normalisation and
 * 1x1 convolutions for the MLP as in the denoiser of ResShift.
 *
 * Attention sees windows of w x w pixels; every second block shifts them by w/2 with a cyclic roll and masks
 * pairs that the roll brought together. The projections run as 1x1 convolutions on whole images, so that one
 * transpose cuts queries, keys and values into windows and heads at once, and one puts the result back.
 */
import * as o from "../onnx/index.js";
import { normal, zeros } from "./initializers.js";
import { conv, groupNorm } from "./layers.js";
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
  const rolled = roll(groupNorm(p.at("norm1"), x), shift);
  const attended = roll(windowAttention(p.at("attn"), rolled, options, shift), -shift);
  const h = o.add(x, attended);
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
  // [part, N, rows, columns, heads, y, x, d] from [N, part, heads, d, rows, y, columns, x]
  const qkv = o.transpose(
    o.reshape(pointwise(p.at("qkv"), x, 3 * c), [n, 3, heads, d, rows, w, columns, w]),
    [1, 0, 4, 6, 2, 5, 7, 3],
  );
  const [q, k, v] = o.split(qkv, 3, 0).map((part) => o.reshape(part, [n, rows, columns, heads, tokens, d]));
  const bias = relativePositionBias(p, heads, w);
  let logits = o.add(o.matmul(o.mul(q, d ** -0.5), o.transposeLast(k)), bias);
  if (shift > 0) logits = o.add(logits, shiftMask(height, width, options, shift));
  const out = o.reshape(o.matmul(o.softmax(logits), v), [n, rows, columns, heads, w, w, d]);
  const whole = o.reshape(o.transpose(out, [0, 3, 6, 1, 4, 2, 5]), [n, c, height, width]);
  return pointwise(p.at("proj"), whole, c);
}

/** A linear layer over channels, kept as [out, in] in the file, run as a 1x1 convolution. */
function pointwise(p: Scope, x: o.Value, out: number): o.Value {
  const weight = p.parameter("weight", [out, x.shape[1]], normal(0.02));
  return o.conv(x, o.reshape(weight, [out, x.shape[1], 1, 1]), p.parameter("bias", [out], zeros));
}

/** [heads, w w, w w]: a learnt number for each of the (2w - 1)^2 offsets between two pixels of a window. */
function relativePositionBias(p: Scope, heads: number, w: number): o.Value {
  const table = p.parameter("relative_position_bias_table", [(2 * w - 1) ** 2, heads], normal(0.02));
  const picked = o.gather(table, offsetsIn(w));
  return o.reshape(o.transpose(picked, [1, 0]), [heads, w * w, w * w]);
}

const offsets = new Map<number, o.Value>();

/** Which offset lies between each two pixels of a window; one constant for all attentions, in memory and in a file. */
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
 * [rows, columns, 1, w w, w w] of windows: -100 between pixels that must not see each other, else 0.
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
        if (region[a] !== region[b]) mask[(window * tokens + a) * tokens + b] = -100;
      }
    }
  }
  return o.constant(mask, [rows, columns, 1, tokens, tokens]);
}

/** Moves the image up and left by `shift` pixels, what falls off coming back on the other side. */
function roll(x: o.Value, shift: number): o.Value {
  if (shift === 0) return x;
  return [2, 3].reduce((v, axis) => {
    const side = v.shape[axis];
    const at = (shift + side) % side;
    return o.concat([o.slice(v, [axis], [at], [side]), o.slice(v, [axis], [0], [at])], axis);
  }, x);
}
