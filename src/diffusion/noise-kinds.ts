/**
 * The noise of x_T: SAM-noise, whose strength follows masks (equations 5 to 7), or the plain Gaussian that
 * line 7 of the paper's algorithm 1 prints, of which eta and kappa alone follow them.
 */
export const NOISE_KINDS = ["sam", "gaussian"] as const;

/** A kind of noise, one of {@link NOISE_KINDS}. */
export type NoiseKind = (typeof NOISE_KINDS)[number];
