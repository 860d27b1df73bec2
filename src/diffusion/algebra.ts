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
  /** a + b. */
  add(a: Rate | number, b: Rate | number): Rate;
  /** a - b. */
  sub(a: Rate | number, b: Rate | number): Rate;
  /** a b. */
  mul(a: Rate | number, b: Rate | number): Rate;
  /** a / b. */
  div(a: Rate | number, b: Rate | number): Rate;
  /** The larger of a and b. */
  max(a: Rate | number, b: Rate | number): Rate;
  /** The square root of a. */
  sqrt(a: Rate | number): Rate;
  /** The sum of rate times image over all terms: what each step of each process comes down to. */
  weightedSum(...terms: (readonly [rate: Rate | number, image: Image])[]): Image;
}
