/**
 * The attention of the mask decoder, in two orders of multiplication.
 *
 * A head compares a token t with a pixel x by (Wq t) · (Wk x) and adds up Wo Wv x. Written so, every pixel is
 * projected into keys and values first (`projected`). But there are thousands of pixels and a handful of
 * tokens, and (Wq t) · (Wk x) = (Wkᵀ Wq t) · x: with the projection multiplied into the token instead
 * (`absorbed`), pixels enter as they are. For the 7 tokens and 8 heads of a point that is 56 columns in place
 * of 128, and nothing to cut into heads. Biases go the same way: one that is the same for everything a
 * softmax weighs falls out of it, and one that stands behind the weights, which add up to 1, is added whole.
 */
import { fanIn, linear, type Scope, zeros } from "../../nn/index.js";
import * as o from "../../onnx/index.js";

interface AttentionSize {
  readonly heads: number;
  /** Channels of all heads together. */
  readonly width: number;
}

/** Returns a linear layer on the last axis of [B, T, C]. */
export function project(p: Scope, x: o.Value, out: number): o.Value {
  const [batch, tokens, c] = x.shape;
  return o.reshape(linear(p, o.reshape(x, [batch * tokens, c]), out), [batch, tokens, out]);
}

/**
 * Computes softmax(q kᵀ / sqrt(d)) v of projections of `q` [B, T, C], `k` and `v` [B or 1, X, C], projected
 * back to C.
 */
export function projected(
  p: Scope,
  { heads, width }: AttentionSize,
  q: o.Value,
  k: o.Value,
  v: o.Value,
): o.Value {
  const d = width / heads;
  const cut = (name: string, x: o.Value) => {
    const [batch, tokens] = x.shape;
    return o.transpose(o.reshape(project(p.at(name), x, width), [batch, tokens, heads, d]), [0, 2, 1, 3]);
  };
  const logits = o.matmul(o.mul(cut("q_proj", q), d ** -0.5), o.transposeLast(cut("k_proj", k)));
  const joined = o.transpose(o.matmul(o.softmax(logits), cut("v_proj", v)), [0, 2, 1, 3]);
  const [batch, tokens] = joined.shape;
  return project(p.at("out_proj"), o.reshape(joined, [batch, tokens, width]), q.shape[2]);
}

/** Pixels [B or 1, X, C] by themselves, and with their places added. */
interface Pixels {
  readonly pixels: o.Value;
  readonly placed: o.Value;
}

/** Tokens [B, T, C] that look at pixels. */
export function tokenToImage(
  p: Scope,
  size: AttentionSize,
  tokens: o.Value,
  { pixels, placed }: Pixels,
): o.Value {
  const [batch, count] = tokens.shape;
  const short = batch * size.heads * count < pixels.shape[0] * size.width;
  return short
    ? absorbedTokenToImage(p, size, tokens, { pixels, placed })
    : projected(p, size, tokens, placed, pixels);
}

/** Pixels that look at tokens [B, T, C], by themselves and with their places added. */
export function imageToToken(
  p: Scope,
  size: AttentionSize,
  { placed }: Pixels,
  told: { readonly tokens: o.Value; readonly placed: o.Value },
): o.Value {
  const short = size.heads * told.tokens.shape[1] < size.width;
  return (short ? absorbedImageToToken : projected)(p, size, placed, told.placed, told.tokens);
}

/** Computes `projected(p, size, tokens, placed, pixels)` the short way. */
export function absorbedTokenToImage(
  p: Scope,
  { heads, width }: AttentionSize,
  tokens: o.Value,
  { pixels, placed }: Pixels,
): o.Value {
  const [batch, count, c] = tokens.shape;
  const d = width / heads;
  const queries = o.mul(project(p.at("q_proj"), tokens, width), d ** -0.5);
  const { weight: keys } = parameters(p.at("k_proj"), [width, c]);
  const logits = o.matmul(absorb(queries, o.reshape(keys, [heads, d, c])), o.transposeLast(placed));
  const seen = o.reshape(o.matmul(o.softmax(logits), pixels), [batch, heads, count, c]);
  const byHead = o.reshape(o.transpose(seen, [1, 0, 2, 3]), [heads, batch * count, c]);
  const { weight: values, bias } = parameters(p.at("v_proj"), [width, c]);
  const out = o.matmul(byHead, o.transposeLast(o.reshape(values, [heads, d, c])));
  const joined = o.reshape(o.transpose(out, [1, 0, 2]), [batch, count, width]);
  return project(p.at("out_proj"), o.add(joined, bias), c);
}

/** Computes `projected(p, size, pixels, keys, values)` the short way. */
export function absorbedImageToToken(
  p: Scope,
  { heads, width }: AttentionSize,
  pixels: o.Value,
  keys: o.Value,
  values: o.Value,
): o.Value {
  const [batch, count, c] = keys.shape;
  const [, places] = pixels.shape;
  const d = width / heads;
  const compared = o.mul(project(p.at("k_proj"), keys, width), d ** -0.5);
  const { weight: queries, bias } = parameters(p.at("q_proj"), [width, c]);
  const columns = absorb(compared, o.reshape(queries, [heads, d, c]));
  const constant = o.reshape(absorb(compared, o.reshape(bias, [heads, d, 1])), [batch, 1, heads * count]);
  const logits = o.add(o.matmul(pixels, o.transposeLast(columns)), constant);
  const weights = o.softmax(o.reshape(logits, [batch, places, heads, count]));
  const { weight: out, bias: last } = parameters(p.at("out_proj"), [c, width]);
  const back = o.transpose(o.reshape(out, [c, heads, d]), [1, 2, 0]);
  // The weights of every head add up to 1, so each head carries its share of the bias.
  const rows = o.add(absorb(project(p.at("v_proj"), values, width), back), o.mul(last, 1 / heads));
  return o.matmul(o.reshape(weights, [batch, places, heads * count]), rows);
}

/** Multiplies each head's part of [B, T, heads d] by its matrix of [heads, d, C]: [B, heads T, C]. */
function absorb(x: o.Value, matrices: o.Value): o.Value {
  const [batch, count] = x.shape;
  const [heads, d, c] = matrices.shape;
  const byHead = o.transpose(o.reshape(x, [batch * count, heads, d]), [1, 0, 2]);
  const product = o.reshape(o.matmul(byHead, matrices), [heads, batch, count, c]);
  return o.reshape(o.transpose(product, [1, 0, 2, 3]), [batch, heads * count, c]);
}

/** Returns what `linear` would take; a bias that falls out is still part of the network. */
function parameters(p: Scope, shape: readonly [number, number]): { weight: o.Value; bias: o.Value } {
  return { weight: p.parameter("weight", shape, fanIn()), bias: p.parameter("bias", [shape[0]], zeros) };
}
