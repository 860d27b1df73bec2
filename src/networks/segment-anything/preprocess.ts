import { resizeBytes } from "../../image/resize-bytes.js";
import type { Size } from "../definition.js";
import type { SamConfig } from "./config.js";

/** Mean and deviation of the red, green and blue levels, 0 to 255, that the encoder was trained on. */
export const PIXEL_MEAN = [123.675, 116.28, 103.53] as const;
export const PIXEL_DEVIATION = [58.395, 57.12, 57.375] as const;

/** Returns the size at which an image's longer side fills the encoder's square. */
export function fittedSize({ width, height }: Size, { imageSize }: Pick<SamConfig, "imageSize">): Size {
  const scale = imageSize / Math.max(width, height);
  return {
    width: Math.max(1, Math.floor(width * scale + 0.5)),
    height: Math.max(1, Math.floor(height * scale + 0.5)),
  };
}

/**
 * Makes the encoder's input of an image: resized so that its longer side is S (as Pillow's bilinear does),
 * normalised, padded with zeros right and below.
 * @param rgb interleaved levels, 3 a pixel
 * @returns [1, 3, S, S]
 */
export function encoderInput(
  rgb: Uint8Array,
  size: Size,
  config: Pick<SamConfig, "imageSize">,
): Float32Array {
  const { imageSize: side } = config;
  const { width, height } = fittedSize(size, config);
  const fitted = resizeBytes(rgb, { ...size, channels: 3 }, { width, height });
  const out = new Float32Array(3 * side * side);
  for (let c = 0; c < 3; c++) {
    for (let y = 0; y < height; y++) {
      const row = (c * side + y) * side;
      for (let x = 0; x < width; x++) {
        out[row + x] = (fitted[(y * width + x) * 3 + c]! - PIXEL_MEAN[c]!) / PIXEL_DEVIATION[c]!;
      }
    }
  }
  return out;
}
