/**
 * What differs between the kinds of model. All enlarge a tile in the same way, and all have latents of the low-resolution
 * image's size: lq becomes y, the denoiser predicts x0 from y and noise, x0 becomes pixels. A kind says how each of
 * these is computed and what runs well; denoise.ts and enlarge.ts do the rest without asking which kind it is.
 */
import type { Variant } from "../diffusion/index.js";
import type { Stage } from "./stage.js";

/** Whose process: all three share the denoiser and differ in the noise and in the way down. */
export type Method = "samsr" | "sinsr" | "resshift";

export interface Kind {
  /** C, of a latent. */
  readonly channels: number;
  /** What sides of a tile divide by. */
  readonly multiple: number;
  readonly defaults: {
    readonly method: Method;
    readonly variant: Variant;
    /** Side of a tile and overlap, in low-resolution pixels. */
    readonly tile: number;
    readonly overlap: number;
  };
  /** From lq to hr in one step; a stage whose output is known already is left out. */
  readonly singleStep: readonly Stage[];
  /** lq -> y, where a chain of steps begins. */
  readonly encode: Stage;
  /** lq, y, x, t -> x0. */
  readonly denoise: Stage;
  /** x0 -> hr, where a chain ends. */
  readonly decode: Stage;
  /**
   * Sessions are large and latents small: each stage goes over all tiles before the next one begins, so that not all
   * sessions are needed at once. y of the whole image is then there before its masks, and the released code looks for
   * them in it. Otherwise each tile goes all its way before the next one.
   */
  readonly stageByStage: boolean;
  /** How many sizes of tile keep their sessions, and how many pixels these may have together. */
  readonly cache: { readonly sizes: number; readonly pixels: number };
}
