import type { OptionType } from "../base/arguments.js";
import type { Raster } from "../image/raster.js";

export interface LumaOptions {
  /** Pixels left out along every edge; default 4, the scale factor. */
  readonly border?: number;
}

/** What the options are called, and of which type. */
export const LUMA_OPTIONS = { border: "number" } as const satisfies Record<keyof LumaOptions, OptionType>;

/** A plane of luma values, row by row. */
export interface LumaPlane {
  readonly width: number;
  readonly height: number;
  readonly data: Float64Array;
}

/** Computes BT.601 luma in 16..235 of the picture without its border. */
export function luma(picture: Raster, border: number): LumaPlane {
  const { channels } = picture;
  const [green, blue] = channels < 3 ? [0, 0] : [1, 2];
  const width = picture.width - 2 * border;
  const height = picture.height - 2 * border;
  const data = new Float64Array(width * height);
  for (let y = 0, to = 0; y < height; y++) {
    let from = ((y + border) * picture.width + border) * channels;
    for (let x = 0; x < width; x++, to++, from += channels) {
      const r = picture.data[from];
      const g = picture.data[from + green];
      const b = picture.data[from + blue];
      data[to] = 16 + (65.481 * r + 128.553 * g + 24.966 * b) / 255;
    }
  }
  return { width, height, data };
}
