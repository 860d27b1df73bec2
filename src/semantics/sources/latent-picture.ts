/** A latent as a picture, in which the released code seeks masks. */
import { createRaster, type Raster } from "../../image/raster.js";

/**
 * Returns a latent as a picture of its size: its first three channels, scaled from the least to the greatest
 * of their values, fractions dropped, in the order blue, green, red.
 * @param latent [C, height, width], C at least 3
 */
export function latentPicture(latent: Float32Array, width: number, height: number): Raster {
  const plane = width * height;
  const seen = latent.subarray(0, 3 * plane);
  let [least, greatest] = [Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY];
  for (const value of seen) {
    least = Math.min(least, value);
    greatest = Math.max(greatest, value);
  }
  const scale = greatest > least ? 255 / (greatest - least) : 0;
  const picture = createRaster(width, height, 3);
  for (let c = 0; c < 3; c++) {
    for (let p = 0; p < plane; p++) picture.data[3 * p + 2 - c] = (seen[c * plane + p] - least) * scale;
  }
  return picture;
}
