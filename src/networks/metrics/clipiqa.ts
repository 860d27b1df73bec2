/**
 * CLIP-IQA: Wang, Chan, Loy, "Exploring CLIP for assessing the look and feel of images", AAAI 2023. How much
 * nearer a picture lies to one text than to its opposite, such as "Good photo." and "Bad photo.".
 */
import { normal, type Scope } from "../../nn/index.js";
import * as o from "../../onnx/index.js";
import { type ClipConfig, clipEmbedding, clipText, type Tokens } from "./clip.js";

/** Tokens of CLIP's vocabulary of 49,408. */
const START = 49406;
const END = 49407;

const text = (...words: number[]): Tokens => [START, ...words, END];

/** A quality in two texts, the good one first. */
type Pair = readonly [good: Tokens, bad: Tokens];

/** What the super-resolution papers measure: the mean over five qualities. */
export const FIVE_PAIRS: readonly Pair[] = [
  [text(886, 2867), text(2103, 2867)], // Good image, bad image
  [text(8157, 2867), text(21977, 2867)], // Sharp image, blurry image
  [text(8157, 20938), text(21977, 20938)], // sharp edges, blurry edges
  [text(1400, 9977, 2867), text(1042, 9977, 2867)], // High resolution image, low resolution image
  [text(9307, 268, 1139, 2867), text(33495, 2867)], // Noise-free image, noisy image
];

/** The paper's own texts: "Good photo." and "Bad photo.". */
export const ONE_PAIR: readonly Pair[] = [[text(886, 1125, 269), text(2103, 1125, 269)]];

/** Returns the vectors of the texts of some pairs, [2 pairs, embedding], good and bad in turns. */
export function pairFeatures(p: Scope, config: ClipConfig, pairs: readonly Pair[]): o.Value {
  const texts = pairs.flat();
  const ends = texts.map((tokens) => tokens.length - 1);
  return clipText(p, config, clipEmbedding(p, config, texts), ends).features;
}

/** Learned vectors that stand in for words; half of them stand before "Good photo..", half after. */
export const LEARNED_WORDS = 16;
/** "Good photo.." and "Bad photo..". */
const LEARNED_TEXTS: readonly Tokens[] = [
  [886, 1125, 852],
  [2103, 1125, 852],
];

/**
 * Returns the embedded texts of CLIP-IQA+, [2, length, textWidth], and where they end.
 * @param prompts the scope of `ctx` [2, 16, textWidth]
 */
export function learnedPrompts(
  p: Scope,
  config: ClipConfig,
  prompts: Scope,
): { readonly embedded: o.Value; readonly ends: readonly number[] } {
  const learned = prompts.parameter("ctx", [2, LEARNED_WORDS, config.textWidth], normal(0.02));
  const [before, after] = o.split(learned, 2, 1);
  const words = clipEmbedding(p, config, LEARNED_TEXTS);
  const mark = (token: number) => clipEmbedding(p, config, [[token], [token]]);
  const embedded = o.concat([mark(START), before, words, after, mark(END)], 1);
  const end = embedded.shape[1] - 1;
  return { embedded, ends: [end, end] };
}

/** Returns the vectors of the two texts of CLIP-IQA+. */
export function learnedFeatures(p: Scope, config: ClipConfig, prompts: Scope): o.Value {
  const { embedded, ends } = learnedPrompts(p, config, prompts);
  return clipText(p, config, embedded, ends).features;
}

interface ClipIqa {
  /** Cosines of pictures and texts over the temperature, [N, 2 pairs]. */
  readonly logits: o.Value;
  /** The probability of the good text, for each pair, [N, pairs]. */
  readonly probabilities: o.Value;
  /** The mean over pairs, [N], in 0..1; more is better. */
  readonly score: o.Value;
}

/**
 * Judges pictures by their vectors [N, embedding] and those of texts [2 pairs, embedding], good and bad in
 * turns.
 */
export function clipIqa(p: Scope, picture: o.Value, texts: o.Value): ClipIqa {
  const unit = (x: o.Value) => o.div(x, o.sqrt(o.reduceSum(o.mul(x, x), [1], true)));
  const temperature = o.exp(p.parameter("logit_scale", [], () => Float32Array.of(Math.log(100))));
  const logits = o.mul(o.gemm(unit(picture), unit(texts), { transB: true }), temperature);
  const [n, count] = logits.shape;
  const chances = o.softmax(o.reshape(logits, [n, count / 2, 2]));
  const probabilities = o.reshape(o.slice(chances, [2], [0], [1]), [n, count / 2]);
  return { logits, probabilities, score: o.reduceMean(probabilities, [1]) };
}
