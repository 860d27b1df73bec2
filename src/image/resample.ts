import sharp from "sharp";
import type { Raster } from "./raster.js";
import { bitDepth, hasAlpha } from "./raster.js";
import { readRaster } from "./sharp-raster.js";

/**
 * A raster at another size, by Lanczos (three lobes) when shrinking and bicubic when enlarging, at its own
 * bit depth; colour is weighted by alpha. For the scales that the network does not make itself.
 */
export async function resample(raster: Raster, width: number, height: number): Promise<Raster> {
  if (raster.width === width && raster.height === height) return raster;
  const { channels } = raster;
  const raw = { width: raster.width, height: raster.height, channels };
  const resized = sharp(raster.data, { raw, limitInputPixels: false }).resize(width, height, {
    fit: "fill",
    kernel: "lanczos3",
  });
  return readRaster(resized, { grey: channels < 3, alpha: hasAlpha(raster), bits: bitDepth(raster) });
}
