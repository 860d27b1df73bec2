/**
 * PSNR and SSIM as super-resolution papers report them: on luma, with a border shaved off.
 *
 * The luma is BT.601 in 16..235 (MATLAB's rgb2ycbcr), kept in floating point, not rounded. Figures from
 * different papers compare only if the luma, the border and the window agree, so all three are stated here.
 * Pictures are 8-bit rasters of 1 to 4 channels; alpha is ignored.
 */
import { checkWhole } from "../../base/arguments.js";
import { SamsrError } from "../../base/errors.js";
import { bitDepth, checkRaster, type Raster } from "../../image/raster.js";
import { type LumaPlane, luma } from "../luma.js";

/** The peak of both metrics: the full range of 8 bits, although luma ends at 235. That is the custom. */
export const PEAK = 255;

/**
 * Returns the lumas of two pictures of one size, without their borders.
 * @param least how long both sides must be inside the border
 * @throws SamsrError for what is no picture or no border, when the pictures differ in size, have 16 bits, or
 *   less is left
 */
export function lumaPair(a: Raster, b: Raster, border: number, least: number): [LumaPlane, LumaPlane] {
  checkRaster(a);
  checkRaster(b);
  checkWhole("the border", border, 0);
  if (a.width !== b.width || a.height !== b.height) {
    throw new SamsrError(
      `cannot compare a ${a.width}x${a.height} picture with a ${b.width}x${b.height} one: expected ` +
        "equal sizes",
    );
  }
  if (bitDepth(a) !== 8 || bitDepth(b) !== 8) {
    throw new SamsrError("cannot compare 16-bit pictures: expected 8 bits a channel (see toEightBits)");
  }
  const smallest = Math.min(a.width, a.height) - 2 * border;
  if (smallest < least) {
    throw new SamsrError(
      `cannot compare ${a.width}x${a.height} pictures with a border of ${border}: ` +
        `both sides must be at least ${least + 2 * border}`,
    );
  }
  return [luma(a, border), luma(b, border)];
}
