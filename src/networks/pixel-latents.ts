/**
 * Large pictures as latents without an autoencoder: a block of 4 x 4 pixels is one latent pixel of 48
 * channels (space-to-depth), so the latent has the size of the low-resolution picture.
 */
import { SCALE } from "../base/scale.js";
import { kernels } from "../image/resize.js";
import * as o from "../onnx/index.js";

export const LATENT_CHANNELS = 3 * SCALE * SCALE;

/** Returns a large image [N, 3, 4H, 4W] as a latent [N, 48, H, W]. */
export function toLatent(image: o.Value): o.Value {
  return o.spaceToDepth(image, SCALE);
}

/** Computes the inverse of `toLatent`. */
export function fromLatent(latent: o.Value): o.Value {
  return o.depthToSpace(latent, SCALE);
}

/** Returns the mean of the three colours at each of a block's places: [N, 48, H, W] -> [N, 16, H, W]. */
export function greyLatent(latent: o.Value): o.Value {
  const [n, channels, height, width] = latent.shape;
  if (channels !== LATENT_CHANNELS) {
    throw new Error(`greyLatent: a latent of pixels has ${LATENT_CHANNELS} channels, not ${channels}`);
  }
  const places = o.reshape(latent, [n, SCALE * SCALE, 3, height, width]);
  return o.reduceMean(places, [2]);
}

/**
 * Returns the latent of the bicubic enlargement (a = -0.75, half-pixel centres, borders repeated) of lq [N,
 * 3, H, W]. Each of the 16 places in a block sees the same 5 x 5 pixels with weights of its own: one
 * convolution.
 */
export function bicubicLatent(lq: o.Value): o.Value {
  const weight = new Float32Array(LATENT_CHANNELS * 3 * 25);
  for (let i = 0; i < SCALE; i++) {
    for (let j = 0; j < SCALE; j++) {
      for (let c = 0; c < 3; c++) {
        const row = ((i * SCALE + j) * 3 + c) * 3 * 25 + c * 25;
        for (let y = 0; y < 5; y++) {
          for (let x = 0; x < 5; x++) weight[row + y * 5 + x] = tap(i, y - 2) * tap(j, x - 2);
        }
      }
    }
  }
  const padded = o.pad(lq, [0, 0, 2, 2], [0, 0, 2, 2], "edge");
  return o.conv(padded, o.constant(weight, [LATENT_CHANNELS, 3, 5, 5]));
}

/** Returns the weight of the pixel `offset` away for place `phase` of a block of four. */
function tap(phase: number, offset: number): number {
  return kernels.bicubic.weight((phase + 0.5) / SCALE - 0.5 - offset);
}
