/** How networks make pictures larger: all that upscaling needs to know of one. */
import type { NoiseSchedule } from "../diffusion/index.js";
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
  /** Returns what the sides of lq must divide by. */
  multiple(config: Config): number;
  denoise(p: Scope, config: Config, inputs: DenoiserInputs): Value;
}

/** An autoencoder, on whose latents a denoiser works. */
export interface Autoencoding<Config> {
  /** Returns the channels C of a latent. */
  channels(config: Config): number;
  /** Encodes a picture [N, 3, 4H, 4W] in [-1, 1] as a latent [N, C, H, W]. */
  encode(p: Scope, config: Config, image: Value): Value;
  /** Decodes the picture of a latent that a denoiser predicts, in about [-1, 1]. */
  decode(p: Scope, config: Config, latent: Value): Value;
}

/** A network that goes from the small picture to the large one. */
interface Pass<Config> {
  /** Tells how many times larger its pictures are, a whole number from 1 to 8. */
  scale(config: Config): number;
  /** Returns what the sides of lq must divide by. */
  multiple(config: Config): number;
  /**
   * Tells how far tiles overlap, in pixels of lq: as far as what a pixel of the result depends on is from it,
   * or as far as that matters.
   */
  overlap(config: Config): number;
  /** The side of a tile that suits it, in pixels of lq, at least; where it is left out, by its memory. */
  readonly tile?: number;
}

/** A network of one pass, from the small picture to the large one. */
export interface Direct<Config> extends Pass<Config> {
  readonly by: "one pass";
  /**
   * Returns the channels C of its pictures: 3 (RGB), or 1 (grey), which then takes a picture's colours one by
   * one; 3 where left out.
   */
  channels?(config: Config): number;
  /**
   * Enlarges a picture.
   * @param lq [N, C, H, W], from 0 to 1
   * @returns [N, C, scale H, scale W], from 0 to 1 or a little beyond
   */
  enlarge(p: Scope, config: Config, lq: Value): Value;
}

/** A network of one pass that is told something of the whole picture, which another network finds there. */
export interface Guided<Config> extends Pass<Config> {
  readonly by: "guided pass";
  /**
   * Enlarges a picture, guided by what a second network found in it.
   * @param lq [N, 3, H, W], RGB from 0 to 1
   * @param guide [N, K], of {@link Guiding}
   * @returns [N, 3, scale H, scale W], from 0 to 1 or a little beyond
   */
  enlarge(p: Scope, config: Config, lq: Value, guide: Value): Value;
}

/**
 * A network that finds what guides another: features of every pixel, whose mean is mapped to a few numbers.
 */
export interface Guiding<Config> {
  /** Returns K, how many numbers it finds. */
  guides(config: Config): number;
  /** Returns the channels D of its features. */
  channels(config: Config): number;
  /** How many pixels a side make one of the features. */
  readonly stride: number;
  /** How far a feature sees, in pixels; a multiple of the stride. */
  readonly reach: number;
  /** Features [N, D, H / stride, W / stride], rounded up, of lq [N, 3, H, W], RGB from 0 to 1. */
  features(p: Scope, config: Config, lq: Value): Value;
  /** Finds the numbers [N, K] of the features' mean over all pixels, [N, D]. */
  guide(p: Scope, config: Config, mean: Value): Value;
}

/** What a network that predicts noise is told: x [N, C, H, W], t [N] and lq [N, 3, H, W] in [-1, 1]. */
type NoiseInputs = Omit<DenoiserInputs, "y">;

/** A network that makes latents out of noise, led by the small picture, and pictures of them. */
export interface Diffusing<Config> {
  readonly by: "diffusing latents";
  /** Returns what the sides of lq must divide by. */
  multiple(config: Config): number;
  /** Returns the channels C of a latent. */
  channels(config: Config): number;
  /** How the noise grew when it was trained. */
  readonly noise: NoiseSchedule;
  /** Predicts the noise in x, [N, C, H, W]. */
  predict(p: Scope, config: Config, inputs: NoiseInputs): Value;
  /** Decodes the picture [N, 3, 4H, 4W] of a latent [N, C, H, W], in about [-1, 1]. */
  decode(p: Scope, config: Config, latent: Value): Value;
}

/**
 * A network in a file that a runtime reads, one pass too: how pictures go in and come out is all that is
 * known.
 */
export interface InFile<Config> {
  readonly by: "a file";
  io(config: Config): OnnxFileConfig;
}

export type Upscaling<Config> =
  | Denoising<Config>
  | Direct<Config>
  | Guided<Config>
  | Diffusing<Config>
  | InFile<Config>;
