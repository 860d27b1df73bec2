/** How networks make pictures larger: all that upscaling needs to know of one. */
import type { Scope } from "../nn/index.js";
import type { Value } from "../onnx/index.js";
import type { OnnxFileConfig } from "./onnx-file/config.js";

/**
 * What a denoiser is told: x [N, C, H, W] scaled by 1 / sqrt(eta_t kappa^2 + 1), t [N], lq [N, 3, H, W] and y
 * [N, C, H, W].
 */
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

/** An autoencoder, on whose latents a denoiser works. */
export interface Autoencoding<Config> {
  /** C, of a latent. */
  channels(config: Config): number;
  /** A picture [N, 3, 4H, 4W] in [-1, 1] as a latent [N, C, H, W]. */
  encode(p: Scope, config: Config, image: Value): Value;
  /** The picture of a latent that a denoiser predicts, in about [-1, 1]. */
  decode(p: Scope, config: Config, latent: Value): Value;
}

/** A network of one pass, from the small picture to the large one. */
export interface Direct<Config> {
  readonly by: "one pass";
  /** How many times larger its pictures are, a whole number from 1 to 8. */
  scale(config: Config): number;
  /** What the sides of lq must divide by. */
  multiple(config: Config): number;
  /**
   * How far tiles overlap, in pixels of lq: as far as what a pixel of the result depends on is from it, or as
   * far as that matters.
   */
  overlap(config: Config): number;
  /** The side of a tile that suits it, in pixels of lq, at least; where it is left out, by its memory. */
  readonly tile?: number;
  /**
   * @param lq [N, 3, H, W], RGB from 0 to 1
   * @returns [N, 3, scale H, scale W], RGB from 0 to 1 or a little beyond
   */
  enlarge(p: Scope, config: Config, lq: Value): Value;
}

/**
 * A network in a file that a runtime reads, one pass too: how pictures go in and come out is all that is
 * known.
 */
export interface InFile<Config> {
  readonly by: "a file";
  io(config: Config): OnnxFileConfig;
}

export type Upscaling<Config> = Denoising<Config> | Direct<Config> | InFile<Config>;
