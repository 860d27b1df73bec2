/**
 * CLIP with a ResNet: Radford et al., "Learning transferable visual models from natural language
 * supervision", ICML
 * 2021. Pictures and texts become vectors of one space. Pictures may have any size: the attention that pools
 * the last map then goes without its embedding of positions (Wang, Chan, Loy, "Exploring CLIP for assessing
 * the look and feel of images", AAAI 2023), or has it resized.
 */
import { layerNorm, linear, normal, ones, type Scope, zeros } from "../../nn/index.js";
import * as o from "../../onnx/index.js";

export interface ClipConfig {
  /** Length of the vectors of pictures and texts. */
  readonly embedding: number;
  /** Side of the pictures that it was trained on, which the table of positions is for. */
  readonly imageSide: number;
  /** Blocks of each of the four stages. */
  readonly layers: readonly [number, number, number, number];
  readonly width: number;
  /** Rows of the table of tokens. */
  readonly vocabulary: number;
  /** Tokens of a text, padding included. */
  readonly context: number;
  readonly textWidth: number;
  readonly textLayers: number;
}

/** ResNet-50, as published. */
export const CLIP_RN50: ClipConfig = {
  ...{ embedding: 1024, imageSide: 224, layers: [3, 4, 6, 3], width: 64 },
  ...{ vocabulary: 49408, context: 77, textWidth: 512, textLayers: 12 },
};

const MEAN = [0.48145466, 0.4578275, 0.40821073];
const DEVIATION = [0.26862954, 0.26130258, 0.27577711];

/** Channels of a head, of the pictures' attention and of the texts'. */
const HEAD = 64;
const BATCH_NORM_EPSILON = 1e-5;

interface ClipImage {
  /** What the stem and each of the four stages make of the pictures. */
  readonly stages: readonly o.Value[];
  /** The vectors, [N, embedding]. */
  readonly features: o.Value;
}

/**
 * Returns the vectors of pictures [N, 3, H, W], RGB in [0, 1], both sides at least 32.
 * @param positions whether the pooling attention is told places, by its table resized to the map; default
 *   false
 */
export function clipImage(p: Scope, config: ClipConfig, x: o.Value, positions = false): ClipImage {
  const { width, layers } = config;
  const visual = p.at("visual");
  const channel = (values: readonly number[]) => o.constant(values, [1, 3, 1, 1]);
  let map = o.div(o.sub(x, channel(MEAN)), channel(DEVIATION));
  const stem = [width / 2, width / 2, width];
  for (const [i, channels] of stem.entries()) {
    const layer = { conv: `conv${i + 1}`, norm: `bn${i + 1}`, stride: i === 0 ? 2 : 1 };
    map = o.relu(convNorm(visual, map, channels, 3, layer));
  }
  map = halved(map);
  const stages = [map];
  for (const [stage, blocks] of layers.entries()) {
    for (let block = 0; block < blocks; block++) {
      const stride = stage > 0 && block === 0 ? 2 : 1;
      map = bottleneck(visual.at(`layer${stage + 1}.${block}`), map, width * 2 ** stage, stride, block === 0);
    }
    stages.push(map);
  }
  return { stages, features: attentionPool(visual.at("attnpool"), config, map, positions) };
}

/** Returns a convolution without bias, and batch normalisation by running statistics, as one convolution. */
function convNorm(
  p: Scope,
  x: o.Value,
  channels: number,
  kernel: number,
  { conv: name, norm, stride = 1 }: { conv: string; norm: string; stride?: number },
): o.Value {
  const weight = p.at(name).parameter("weight", [channels, x.shape[1], kernel, kernel], normal(0.02));
  const of = (part: string, initial: typeof ones) => p.at(norm).parameter(part, [channels], initial);
  const variance = o.add(of("running_var", ones), BATCH_NORM_EPSILON);
  const scale = o.div(of("weight", ones), o.sqrt(variance));
  const bias = o.sub(of("bias", zeros), o.mul(of("running_mean", zeros), scale));
  const scaled = o.mul(weight, o.reshape(scale, [channels, 1, 1, 1]));
  return o.conv(x, scaled, bias, { stride, padding: (kernel - 1) / 2 });
}

function bottleneck(p: Scope, x: o.Value, planes: number, stride: number, widens: boolean): o.Value {
  const inner = o.relu(convNorm(p, x, planes, 1, { conv: "conv1", norm: "bn1" }));
  const middle = o.relu(convNorm(p, inner, planes, 3, { conv: "conv2", norm: "bn2" }));
  const pooled = (map: o.Value) => (stride > 1 ? halved(map) : map);
  const outer = convNorm(p, pooled(middle), 4 * planes, 1, { conv: "conv3", norm: "bn3" });
  const identity = widens
    ? convNorm(p.at("downsample"), pooled(x), 4 * planes, 1, { conv: "0", norm: "1" })
    : x;
  return o.relu(o.add(outer, identity));
}

/** Returns the mean of each 2 x 2 block; an odd last row or column is left out. */
function halved(map: o.Value): o.Value {
  const [, , h, w] = map.shape;
  return o.averagePool(o.slice(map, [2, 3], [0, 0], [h & ~1, w & ~1]), 2);
}

/**
 * Computes the attention of the mean over all places of a map, and itself; only what the mean asks for is
 * computed.
 */
function attentionPool(p: Scope, config: ClipConfig, map: o.Value, positions: boolean): o.Value {
  const [n, channels, h, w] = map.shape;
  const heads = channels / HEAD;
  const places = o.transpose(o.reshape(map, [n, channels, h * w]), [0, 2, 1]);
  const plain = o.concat([o.reduceMean(places, [1], true), places], 1);
  const tokens = positions ? o.add(plain, resizedPositions(p, config, channels, h * w + 1)) : plain;
  const count = h * w + 1;
  const project = (name: string, rows: o.Value, length: number) => {
    const flat = linear(p.at(`${name}_proj`), o.reshape(rows, [n * length, channels]), channels);
    return o.transpose(o.reshape(flat, [n, length, heads, HEAD]), [0, 2, 1, 3]);
  };
  const query = o.mul(project("q", o.slice(tokens, [1], [0], [1]), 1), HEAD ** -0.5);
  const attention = o.softmax(o.matmul(query, o.transposeLast(project("k", tokens, count))));
  const seen = o.reshape(o.matmul(attention, project("v", tokens, count)), [n, channels]);
  return linear(p.at("c_proj"), seen, config.embedding);
}

/** Returns the rows of the table, resized as a picture is: by bicubic (a = -0.75), the border repeated. */
export function resizedPositions(
  p: Scope,
  { imageSide }: ClipConfig,
  channels: number,
  rows: number,
): o.Value {
  const known = (imageSide / 32) ** 2 + 1;
  const table = p.parameter("positional_embedding", [known, channels], normal(channels ** -0.5));
  if (rows === known) return table;
  const matrix = new Float32Array(rows * known);
  for (let i = 0; i < rows; i++) {
    const centre = ((i + 0.5) * known) / rows - 0.5;
    const first = Math.floor(centre) - 1;
    for (let j = first; j < first + 4; j++) {
      matrix[i * known + Math.min(known - 1, Math.max(0, j))] += cubicWeight(Math.abs(j - centre));
    }
  }
  return o.matmul(o.constant(matrix, [rows, known]), table);
}

/** Keys' kernel with a = -0.75. */
function cubicWeight(d: number): number {
  const a = -0.75;
  if (d <= 1) return ((a + 2) * d - (a + 3)) * d * d + 1;
  return d < 2 ? (((d - 5) * d + 8) * d - 4) * a : 0;
}

/** A text as tokens: start, words, end, without padding. */
export type Tokens = readonly number[];

/**
 * Returns the rows of tokens in the table, padded with token 0 to one length: -> [texts, length, textWidth].
 */
export function clipEmbedding(p: Scope, config: ClipConfig, texts: readonly Tokens[]): o.Value {
  const { vocabulary, textWidth } = config;
  const length = Math.max(...texts.map((tokens) => tokens.length));
  const ids = texts.flatMap((tokens) => Array.from({ length }, (_, i) => tokens[i] ?? 0));
  const table = p.at("token_embedding").parameter("weight", [vocabulary, textWidth], normal(0.02));
  return o.gather(table, o.integers(ids, [texts.length, length]));
}

interface ClipText {
  /** What each block makes of the tokens, [texts, length, textWidth]. */
  readonly blocks: readonly o.Value[];
  /** The last token of each text after the last normalisation, [texts, textWidth]. */
  readonly ends: o.Value;
  /** The vectors, [texts, embedding]. */
  readonly features: o.Value;
}

/**
 * Returns the vectors of embedded texts [texts, length, textWidth]. A token sees only those before it, so
 * what stands after the end of a text changes nothing and may be left out.
 * @param ends where the end token of each text is
 */
export function clipText(p: Scope, config: ClipConfig, embedded: o.Value, ends: readonly number[]): ClipText {
  const { context, textWidth, textLayers, embedding } = config;
  const [texts, length] = embedded.shape;
  const table = p.parameter("positional_embedding", [context, textWidth], normal(0.01));
  let x = o.add(embedded, o.slice(table, [0], [0], [length]));
  const blocks: o.Value[] = [];
  for (let i = 0; i < textLayers; i++) {
    x = textBlock(p.at(`transformer.resblocks.${i}`), x);
    blocks.push(x);
  }
  const rows = o.reshape(layerNorm(p.at("ln_final"), x), [texts * length, textWidth]);
  const last = o.gather(rows, o.integers(ends.map((end, i) => i * length + end)));
  const projection = p.parameter("text_projection", [textWidth, embedding], normal(textWidth ** -0.5));
  return { blocks, ends: last, features: o.matmul(last, projection) };
}

function textBlock(p: Scope, x: o.Value): o.Value {
  const [texts, length, width] = x.shape;
  const flat = (value: o.Value) => o.reshape(value, [texts * length, width]);
  const attended = textAttention(p.at("attn"), layerNorm(p.at("ln_1"), x));
  const y = o.add(x, attended);
  const hidden = linear(p.at("mlp.c_fc"), flat(layerNorm(p.at("ln_2"), y)), 4 * width);
  const activated = o.mul(hidden, o.sigmoid(o.mul(hidden, 1.702)));
  return o.add(y, o.reshape(linear(p.at("mlp.c_proj"), activated, width), x.shape));
}

/** Computes attention in which no token sees a later one. */
function textAttention(p: Scope, x: o.Value): o.Value {
  const [texts, length, width] = x.shape;
  const heads = width / HEAD;
  const weight = p.parameter("in_proj_weight", [3 * width, width], normal(width ** -0.5));
  const bias = p.parameter("in_proj_bias", [3 * width], zeros);
  const flat = o.gemm(o.reshape(x, [texts * length, width]), weight, { transB: true, bias });
  const [query, key, value] = o
    .split(flat, 3, 1)
    .map((part) => o.transpose(o.reshape(part, [texts, length, heads, HEAD]), [0, 2, 1, 3]));
  const later = new Float32Array(length * length);
  for (let i = 0; i < length; i++) later.fill(Number.NEGATIVE_INFINITY, i * length + i + 1, (i + 1) * length);
  const logits = o.matmul(o.mul(query, HEAD ** -0.5), o.transposeLast(key));
  const attention = o.softmax(o.add(logits, o.constant(later, [length, length])));
  const seen = o.transpose(o.matmul(attention, value), [0, 2, 1, 3]);
  return o.reshape(linear(p.at("out_proj"), o.reshape(seen, [texts * length, width]), width), x.shape);
}
