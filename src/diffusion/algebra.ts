/**
 * What the equations are written in. Upscaling computes them on arrays, training and export inside graphs;
 * written over this, each equation stands once and serves both.
 */

/**
 * Arithmetic on rates (eta, kappa, W and what follows from them) and weighted sums of images. A rate is one
 * number for the whole image or a map [H, W] with one number a pixel, which applies to every channel; numbers
 * among each other are always computed in double precision. Images are [C, H, W] or [N, C, H, W].
 */
export interface Algebra<Rate, Image> {
  /** Computes a + b. */
  add(a: Rate | number, b: Rate | number): Rate;
  /** Computes a - b. */
  sub(a: Rate | number, b: Rate | number): Rate;
  /** Computes a b. */
  mul(a: Rate | number, b: Rate | number): Rate;
  /** Computes a / b. */
  div(a: Rate | number, b: Rate | number): Rate;
  /** Computes the larger of a and b. */
  max(a: Rate | number, b: Rate | number): Rate;
  /** Computes the square root of a. */
  sqrt(a: Rate | number): Rate;
  /** Computes the sum of rate times image over all terms: what each step of each process comes down to. */
  weightedSum(...terms: (readonly [rate: Rate | number, image: Image])[]): Image;
}
