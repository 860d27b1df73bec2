/** What equation 9 is told, in words that settings, configurations and the command share. */

/**
 * The paper and the authors' released code differ in details; both are supported. `paper` follows the printed
 * equations, `release` the behaviour that the published weights were trained with.
 */
export const VARIANTS = ["paper", "release"] as const;
export type Variant = (typeof VARIANTS)[number];

/** Which of eta and kappa follow W (table 4 of the paper compares them). */
export const COEFFICIENTS = ["both", "eta", "kappa"] as const;
export type Coefficients = (typeof COEFFICIENTS)[number];

/** How eta and kappa follow W (equation 9). */
export interface PixelwiseOptions {
  /** The strength m of equation 9, in [0, 1); default 1/5. */
  readonly m?: number;
  /** Whose equations; default "paper". */
  readonly variant?: Variant;
  /** Which of the rates follow W; default "both". */
  readonly coefficients?: Coefficients;
}
