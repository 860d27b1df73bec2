/** Rasters and what a canvas holds. */
import { checkArgument, isObject } from "../base/arguments.js";
import { SamsrError } from "../base/errors.js";
import { type Channels, checkRaster, createRaster, type Raster, toEightBits } from "../image/raster.js";

/** Returns an 8-bit raster as a canvas takes it. */
export function toImageData(raster: Raster): ImageData {
  checkRaster(raster);
  const { width, height, channels, data } = toEightBits(raster);
  const rgba = new Uint8ClampedArray(4 * width * height);
  const colours = channels < 3 ? 1 : 3;
  for (let p = 0, from = 0, to = 0; p < width * height; p++, from += channels, to += 4) {
    for (let c = 0; c < 3; c++) rgba[to + c] = data[from + (colours === 1 ? 0 : c)]!;
    rgba[to + 3] = channels > colours ? data[from + colours]! : 255;
  }
  return new ImageData(rgba, width, height);
}

/**
 * Returns what a canvas holds as a raster, without alpha where all is opaque, of one channel where all is
 * grey.
 */
export function fromImageData(pixels: ImageData): Raster {
  const good = isObject(pixels) && pixels.data instanceof Uint8ClampedArray;
  checkArgument("fromImageData: the pixels", pixels, good, "an ImageData of 8 bits");
  const { width, height, data } = pixels;
  let [opaque, grey] = [true, true];
  for (let at = 0; at < data.length && (opaque || grey); at += 4) {
    opaque &&= data[at + 3] === 255;
    grey &&= data[at] === data[at + 1] && data[at] === data[at + 2];
  }
  const colours = grey ? 1 : 3;
  const raster = createRaster(width, height, (colours + (opaque ? 0 : 1)) as Channels);
  const { channels } = raster;
  for (let p = 0, from = 0, to = 0; p < width * height; p++, from += 4, to += channels) {
    for (let c = 0; c < colours; c++) raster.data[to + c] = data[from + c]!;
    if (!opaque) raster.data[to + colours] = data[from + 3]!;
  }
  return raster;
}

/** Returns the pixels of a decoded picture as they are in memory: no conversion of colours. */
export function rasterOfBitmap(bitmap: ImageBitmap): Raster {
  const { width, height } = bitmap;
  const context = contextOf(new OffscreenCanvas(width, height));
  context.drawImage(bitmap, 0, 0);
  return fromImageData(context.getImageData(0, 0, width, height));
}

/** Returns what draws on a canvas. @throws SamsrError where there is no memory for one so large */
export function contextOf(canvas: OffscreenCanvas): OffscreenCanvasRenderingContext2D {
  const context = canvas.getContext("2d", { willReadFrequently: true });
  if (context) return context;
  throw new SamsrError(
    `A picture of ${canvas.width} x ${canvas.height} pixels is too large for this browser.`,
  );
}
