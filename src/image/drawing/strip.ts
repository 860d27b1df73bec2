import { SamsrError } from "../../base/errors.js";
import { createRaster, type Raster } from "../raster.js";

/** White between two pictures, in pixels. */
const GAP = 8;

/** Pictures of one size, 8-bit RGB, side by side. @throws SamsrError when they differ */
export function strip(pictures: readonly Raster[]): Raster {
  const [{ width, height, channels }] = pictures;
  const out = createRaster(pictures.length * (width + GAP) - GAP, height, channels);
  out.data.fill(255);
  for (const [i, picture] of pictures.entries()) {
    if (picture.width !== width || picture.height !== height || picture.channels !== channels) {
      throw new SamsrError("pictures of different sizes do not fit into one strip");
    }
    const left = i * (width + GAP);
    for (let y = 0; y < height; y++) {
      const row = picture.data.subarray(y * width * channels, (y + 1) * width * channels);
      out.data.set(row, (y * out.width + left) * channels);
    }
  }
  return out;
}

/**
 * Returns every pixel as a square of `factor` x `factor`: the small picture as it is, in the size of the
 * large ones.
 */
export function nearest({ width, height, channels, data }: Raster, factor: number): Raster {
  const out = createRaster(width * factor, height * factor, channels);
  for (let y = 0, to = 0; y < out.height; y++) {
    for (let x = 0; x < out.width; x++, to += channels) {
      const from = (Math.floor(y / factor) * width + Math.floor(x / factor)) * channels;
      for (let c = 0; c < channels; c++) out.data[to + c] = data[from + c];
    }
  }
  return out;
}
