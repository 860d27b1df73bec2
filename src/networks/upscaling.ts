/** How networks make pictures larger: all that upscaling needs to know of one. */
import type { Scope } from "../nn/index.js";
import type { Value } from "../onnx/index.js";

/** What a denoiser is told: x [N, C, H, W] scaled by 1 / sqrt(eta_t kappa^2 + 1), t [N], lq [N, 3, H, W] and y [N, C, H, W]. */
export interface DenoiserInputs {
  readonly x: Value;
  readonly t: Value;
  readonly lq: Value;
  readonly y: Value;
}

/** A denoiser: it predicts x0 [N, C, H, W] in latents of the low-resolution picture's size. */
export interface Denoising<Config> {
  /** Where its latents come from: blocks of pixels of the large picture, or an autoencoder. */
  readonly by: "denoising pixels" | "denoising latents";
  /** What the sides of lq must divide by. */
  multiple(config: Config): number;
  denoise(p: Scope, config: Config, inputs: DenoiserInputs): Value;
}

/** A network of one pass, from the small picture to the large one. */
export interface Direct<Config> {
  readonly by: "one pass";
  /** How many times larger its pictures are, a whole number from 1 to 8. */
  scale(config: Config): number;
  /** What the sides of lq must divide by. */
  multiple(config: Config): number;
  /**
   * How far apart, in pixels of lq, a pixel of the result and what it depends on can be, or as far as it matters: where
   * tiles overlap by that, there is no seam.
   */
  reach(config: Config): number;
  /**
   * @param lq [N, 3, H, W], RGB from 0 to 1
   * @returns [N, 3, scale H, scale W], RGB from 0 to 1 or a little beyond
   */
  enlarge(p: Scope, config: Config, lq: Value): Value;
}

export type Upscaling<Config> = Denoising<Config> | Direct<Config>;
