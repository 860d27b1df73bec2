/** An 8-bit sRGB picture, interleaved: `data[(y * width + x) * 3 + channel]`. */
export interface Rgb {
  readonly width: number;
  readonly height: number;
  readonly data: Uint8Array;
}

/** A rectangle of a picture in pixels. It may reach over the edges: what lies outside is the reflection. */
export interface Region {
  readonly left: number;
  readonly top: number;
  readonly width: number;
  readonly height: number;
}

/**
 * The index of the sample that stands for position `i` of a line of `length` samples, by half-sample symmetric
 * reflection (dcba|abcd|dcba), as often as needed.
 */
export function reflect(i: number, length: number): number {
  const period = 2 * length;
  const j = ((i % period) + period) % period;
  return j < length ? j : period - 1 - j;
}

/** The part of a picture inside `region`, reflected where the region reaches over an edge. */
export function cropRgb(picture: Rgb, region: Region): Rgb {
  const { width, height } = region;
  const data = new Uint8Array(width * height * 3);
  const inside = region.left >= 0 && region.left + width <= picture.width;
  for (let y = 0; y < height; y++) {
    const row = reflect(region.top + y, picture.height) * picture.width;
    if (inside) {
      const start = (row + region.left) * 3;
      data.set(picture.data.subarray(start, start + width * 3), y * width * 3);
      continue;
    }
    for (let x = 0; x < width; x++) {
      const from = (row + reflect(region.left + x, picture.width)) * 3;
      const to = (y * width + x) * 3;
      for (let c = 0; c < 3; c++) data[to + c] = picture.data[from + c];
    }
  }
  return { width, height, data };
}

/**
 * Write an interleaved picture into `tensor` as one sample of [N, 3, H, W] in [-1, 1].
 *
 * @param sample which of the N
 */
export function writeSample(tensor: Float32Array, sample: number, picture: Rgb): void {
  const pixels = picture.width * picture.height;
  const base = sample * 3 * pixels;
  const { data } = picture;
  for (let i = 0; i < pixels; i++) {
    tensor[base + i] = data[3 * i] / 127.5 - 1;
    tensor[base + pixels + i] = data[3 * i + 1] / 127.5 - 1;
    tensor[base + 2 * pixels + i] = data[3 * i + 2] / 127.5 - 1;
  }
}

/** The picture of one sample of [N, 3, H, W] in [-1, 1]: clipped and rounded to 8 bits. */
export function readSample(tensor: Float32Array, sample: number, width: number, height: number): Rgb {
  const pixels = width * height;
  const base = sample * 3 * pixels;
  const data = new Uint8ClampedArray(3 * pixels);
  for (let i = 0; i < pixels; i++) {
    for (let c = 0; c < 3; c++) data[3 * i + c] = (tensor[base + c * pixels + i] + 1) * 127.5;
  }
  return { width, height, data: new Uint8Array(data.buffer) };
}
