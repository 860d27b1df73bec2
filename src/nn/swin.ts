/**
 * Swin transformer layers (Liu et al. 2021, arXiv 2103.14030) on [N, C, H, W], with group normalisation and
 * 1x1 convolutions for the MLP as in the denoiser of ResShift.
 * Every second block shifts its windows by w/2 and masks pairs of pixels that the roll brought together.
 */
import * as o from "../onnx/index.js";
import { conv, groupNorm } from "./layers.js";
import type { Scope } from "./scope.js";
import { APART, attendInWindows } from "./window-attention.js";

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

/** Computes `depth` Swin blocks between two 1x1 convolutions; H and W must divide by the window. */
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
  const { window, headChannels } = options;
  const [, , height, width] = x.shape;
  const mask = shift > 0 ? shiftMask(height, width, options, shift) : undefined;
  const pixels = o.transpose(x, [0, 2, 3, 1]);
  return o.transpose(attendInWindows(p, pixels, { window, headChannels, shift, mask }), [0, 3, 1, 2]);
}

/**
 * Returns a mask of attention, [window, 1, w w, w w]: {@link APART} between pixels that must not see each
 * other, else 0.
 *
 * `neighbours` keeps apart what the roll brought together, in rows and in columns. `published` is what the
 * published denoisers were trained with (read off the masks in their state dicts): in the last row of windows
 * the left part is kept from the right part, and nothing else.
 *
 * It is made in the graph, of the mask of one window and of which windows are the last: so no number in the
 * graph is as many as the picture has pixels, and one graph serves pictures of any size.
 */
function shiftMask(
  height: number,
  width: number,
  { window: w, masking }: SwinOptions,
  shift: number,
): o.Value {
  const [rows, columns, tokens] = [height / w, width / w, w * w];
  const { inRows, inColumns } = seamsOf(w, shift);
  const lastRow = o.reshape(lastOf(rows), [rows, 1, 1, 1]);
  const lastColumn = o.reshape(lastOf(columns), [1, columns, 1, 1]);
  const mask =
    masking === "published"
      ? o.expand(o.mul(lastRow, inColumns), [rows, columns, tokens, tokens])
      : o.minimum(o.mul(lastRow, inRows), o.mul(lastColumn, inColumns));
  return o.reshape(mask, [rows * columns, 1, tokens, tokens]);
}

const seams = new Map<string, { readonly inRows: o.Value; readonly inColumns: o.Value }>();

/**
 * Returns what keeps the pixels of a window apart that lie before and beyond the seam of a roll, by rows and
 * by columns: [1, 1, w w, w w], one pair of constants for all attentions.
 */
function seamsOf(w: number, shift: number) {
  const key = `${w} ${shift}`;
  const known = seams.get(key);
  if (known) return known;
  const tokens = w * w;
  const apart = (place: (pixel: number) => number) => {
    const mask = new Float32Array(tokens * tokens);
    for (let a = 0; a < tokens; a++) {
      for (let b = 0; b < tokens; b++) {
        if (place(a) >= w - shift !== place(b) >= w - shift) mask[a * tokens + b] = APART;
      }
    }
    return o.constant(mask, [1, 1, tokens, tokens]);
  };
  const made = { inRows: apart((pixel) => Math.floor(pixel / w)), inColumns: apart((pixel) => pixel % w) };
  seams.set(key, made);
  return made;
}

/** Returns a row of zeros that ends in 1. */
function lastOf(length: number): o.Value {
  const one = o.constant([1], [1]);
  return length === 1 ? one : o.concat([o.constant(new Float32Array(length - 1), [length - 1]), one], 0);
}
