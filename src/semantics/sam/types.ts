/** What the parts of the generator hand to each other. */

import type { Box, Runs } from "../runs.js";
import type { Point } from "./grid.js";

/**
 * Segment Anything as the generator needs it: sessions around its two graphs (network.ts), or something like
 * it in a test.
 */
export interface SamNetwork {
  /** S: the encoder takes [1, 3, S, S]. */
  readonly imageSize: number;
  /** Computes the embedding of normalised pixels [3, S, S]. */
  embed(pixels: Float32Array): Promise<Embedding>;
  /**
   * Decodes the masks of each point, [B, 2] in pixels of S x S. A point without a mask of more than
   * `leastIou`, predicted, may have zeros in place of logits.
   */
  decode(embedding: Embedding, points: Float32Array, leastIou: number): Promise<DecodedMasks>;
}

/** Whatever the decoder wants to get back. */
type Embedding = unknown;

export interface DecodedMasks {
  /** The logits of the masks, [B, M, side, side]. */
  readonly logits: Float32Array;
  /** How good the network thinks each mask is, [B, M]. */
  readonly predictedIous: Float32Array;
  readonly side: number;
}

export interface SamMask {
  /** The mask, in pixels of the whole image. */
  readonly runs: Runs;
  /** First and last column and row: a box of one pixel has no area. */
  readonly box: Box;
  readonly area: number;
  readonly predictedIou: number;
  readonly stabilityScore: number;
  /** Which point of the image found it. */
  readonly point: Point;
  /** Which part of the image it was found in; the far corner lies just outside. */
  readonly cropBox: Box;
}

/** What a search for masks reports to, and how it is given up. */
export interface FindContext {
  /** Hears how many points are done, asked or skipped, of all. */
  progress?(value: { done: number; total: number }): void;
  /** Throws to give up; asked before each batch of points. */
  checkpoint?(): Promise<void>;
  /** Aborting gives up too, before the next batch of points. */
  readonly signal?: Pick<AbortSignal, "throwIfAborted">;
}

export interface Generated {
  readonly masks: readonly SamMask[];
  /** Points that were asked, and of how many. */
  readonly asked: number;
  readonly points: number;
}
