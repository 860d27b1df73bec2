/**
 * MUSIQ: Ke, Wang, Wang, Milanfar, Yang, "MUSIQ: multi-scale image quality transformer", ICCV 2021, as pyiqa
 * has it. A picture is cut into patches at three sizes; a small ResNet makes a token of each, and a
 * transformer's class token tells the score.
 */
import { groupNorm, layerNorm, linear, normal, type Scope, zeros } from "../../nn/index.js";
import * as o from "../../onnx/index.js";

export interface MusiqConfig {
  /** Length of a token. */
  readonly hidden: number;
  readonly mlp: number;
  readonly heads: number;
  readonly layers: number;
  /** The number of outputs: 1 for a score, 10 for the chances of the marks 1 to 10. */
  readonly classes: 1 | 10;
  /** The longer sides that a picture is resized to, beside its own. */
  readonly sides: readonly [number, number];
}

/** The network as published for KonIQ and SPAQ; for AVA with ten classes. */
export const MUSIQ: MusiqConfig = {
  ...{ hidden: 384, mlp: 1152, heads: 6, layers: 14, classes: 1, sides: [224, 384] },
};

/** Side of a patch. */
export const PATCH = 32;
/** The grid of places that positions are told by, whatever the size of the picture. */
export const GRID = 10;

const LAYER_NORM_EPSILON = 1e-6;

interface MusiqStem {
  /** What the first convolution, its normalisation, the pool and the block make of the patches. */
  readonly stages: readonly [root: o.Value, normalised: o.Value, pooled: o.Value, block: o.Value];
  /** A token for each patch, [N, hidden]. */
  readonly tokens: o.Value;
}

/** Tokens of patches [N, 3, 32, 32], RGB in [-1, 1]. */
export function musiqStem(p: Scope, { hidden }: MusiqConfig, patches: o.Value): MusiqStem {
  // TensorFlow's "SAME" of a stride of 2: the odd zero stands after.
  const padded = o.pad(patches, [0, 0, 2, 2], [0, 0, 3, 3]);
  const root = o.conv(padded, standardised(p.at("conv_root"), 3, 64, 7), undefined, { stride: 2 });
  const normalised = groupNorm(p.at("gn_root"), root, { epsilon: 1e-6 });
  const pooled = o.maxPool(o.relu(normalised), { kernel: 3, stride: 2, ceil: true });
  const block = residual(p.at("block1"), pooled);
  const [n, channels, h, w] = block.shape;
  const flat = o.reshape(o.transpose(block, [0, 2, 3, 1]), [n, h * w * channels]);
  return { stages: [root, normalised, pooled, block], tokens: linear(p.at("embedding"), flat, hidden) };
}

function residual(p: Scope, x: o.Value): o.Value {
  const layer = (name: string, norm: string, map: o.Value, channels: number, kernel: number) => {
    const weight = standardised(p.at(name), map.shape[1], channels, kernel);
    const convolved = o.conv(map, weight, undefined, { padding: (kernel - 1) / 2 });
    return groupNorm(p.at(norm), convolved, { epsilon: 1e-4 });
  };
  const inner = o.relu(layer("conv1", "gn1", x, 64, 1));
  const middle = o.relu(layer("conv2", "gn2", inner, 64, 3));
  return o.relu(o.add(layer("conv3", "gn3", middle, 256, 1), layer("conv_proj", "gn_proj", x, 256, 1)));
}

/** Returns a filter's weights less their mean, over their deviation (n - 1 in its denominator). */
function standardised(p: Scope, from: number, to: number, kernel: number): o.Value {
  const weight = p.parameter("weight", [to, from, kernel, kernel], normal(0.02));
  const centred = o.sub(weight, o.reduceMean(weight, [1, 2, 3], true));
  const squares = o.reduceSum(o.mul(centred, centred), [1, 2, 3], true);
  const deviation = o.sqrt(o.div(squares, from * kernel * kernel - 1));
  return o.div(centred, o.add(deviation, 1e-5));
}

/** Where the tokens of one picture come from; each [L]. */
interface MusiqPlaces {
  /** Row of the patch among 10 times 10, plus its column; int64. */
  readonly spatial: o.Value;
  /** The scale of each token: 0 for the smallest of the three sizes, 2 for the picture's own; int64. */
  readonly scale: o.Value;
  /** Which tokens count: 1 for a token that counts, 0 for one that only fills up. */
  readonly counts: o.Value;
}

interface MusiqScore {
  /** Tokens with what they are told of their places, without the class token, [L, hidden]. */
  readonly placed: o.Value;
  /** What each block makes of the class token and the others, [1 + L, hidden]. */
  readonly blocks: readonly o.Value[];
  /** The class token after the last normalisation, [1, hidden]. */
  readonly token: o.Value;
  /** What the head says: the score, or the chances of the marks; [1, classes]. */
  readonly head: o.Value;
  /** The score [1], about 0 to 100; 1 to 10 for ten classes. */
  readonly score: o.Value;
}

/** Returns the score of one picture by its tokens [L, hidden]. */
export function musiqScore(p: Scope, config: MusiqConfig, tokens: o.Value, places: MusiqPlaces): MusiqScore {
  const { hidden, layers, classes } = config;
  const [length] = tokens.shape;
  const encoder = p.at("transformer_encoder");
  const table = (name: string, value: string, shape: o.Shape) =>
    encoder.at(name).parameter(value, shape, normal(0.02));
  const positions = o.gather(
    o.reshape(table("posembed_input", "position_emb", [1, GRID * GRID, hidden]), [GRID * GRID, hidden]),
    places.spatial,
  );
  const scales = o.gather(table("scaleembed_input", "scale_emb", [3, hidden]), places.scale);
  const placed = o.add(o.add(tokens, positions), scales);
  const first = o.reshape(encoder.parameter("cls", [1, 1, hidden], zeros), [1, hidden]);
  const counts = o.concat([o.constant([1]), places.counts], 0);
  const seen = o.greater(o.reshape(counts, [1, 1, length + 1]), 0);
  let x = o.concat([first, placed], 0);
  const blocks: o.Value[] = [];
  for (let i = 0; i < layers; i++) {
    x = transformerBlock(encoder.at(`transformer.encoderblock_${i}`), config, x, seen);
    blocks.push(x);
  }
  const token = layerNorm(encoder.at("encoder_norm"), o.slice(x, [0], [0], [1]), LAYER_NORM_EPSILON);
  if (classes === 1) {
    const head = linear(p.at("head"), token, 1);
    return { placed, blocks, token, head, score: o.reshape(head, [1]) };
  }
  const head = o.softmax(linear(p.at("head.0"), token, classes));
  return { placed, blocks, token, head, score: o.reduceSum(o.mul(head, o.constant(MARKS)), [1]) };
}

const MARKS = [1, 2, 3, 4, 5, 6, 7, 8, 9, 10];

function transformerBlock(p: Scope, config: MusiqConfig, x: o.Value, seen: o.Value): o.Value {
  const attended = attention(
    p.at("attention"),
    config,
    layerNorm(p.at("norm1"), x, LAYER_NORM_EPSILON),
    seen,
  );
  const y = o.add(x, attended);
  const hidden = linear(p.at("mlp.fc1"), layerNorm(p.at("norm2"), y, LAYER_NORM_EPSILON), config.mlp);
  return o.add(y, linear(p.at("mlp.fc2"), o.gelu(hidden), config.hidden));
}

function attention(p: Scope, { hidden, heads }: MusiqConfig, x: o.Value, seen: o.Value): o.Value {
  const [length] = x.shape;
  const size = hidden / heads;
  const project = (name: string) =>
    o.transpose(o.reshape(linear(p.at(name), x, hidden), [length, heads, size]), [1, 0, 2]);
  const logits = o.matmul(o.mul(project("query"), size ** -0.5), o.transposeLast(project("key")));
  const weights = o.softmax(o.where(seen, logits, UNSEEN));
  const mixed = o.transpose(o.matmul(weights, project("value")), [1, 0, 2]);
  return linear(p.at("out"), o.reshape(mixed, [length, hidden]), hidden);
}

/** The logit of a token that only fills up: nothing is left of it in a softmax. */
const UNSEEN = -1000;
