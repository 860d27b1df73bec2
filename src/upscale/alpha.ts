const TRANSPARENT = -1;
const OPAQUE = 1;

/**
 * Settles an alpha channel. The network restores the edge of a shape well, and leaves a grain of a few levels
 * where there is none: a haze on what should be empty, holes in what should be whole. So a pixel that is
 * opaque, as all eight around it are, is exactly opaque when enlarged, and one that is transparent among such
 * is exactly transparent.
 *
 * @param large [scale h, scale w] in [-1, 1], changed in place
 * @param small [h, w] in [-1, 1]
 */
export function settleAlpha(
  large: Float32Array,
  small: Float32Array,
  { width, height, scale }: { readonly width: number; readonly height: number; readonly scale: number },
): void {
  for (let y = 0; y < height; y++) {
    for (let x = 0; x < width; x++) {
      const value = small[y * width + x];
      if ((value !== TRANSPARENT && value !== OPAQUE) || !isAlike(small, width, height, x, y)) continue;
      for (let row = 0; row < scale; row++) {
        const start = (scale * y + row) * scale * width + scale * x;
        large.fill(value, start, start + scale);
      }
    }
  }
}

/** Tells whether the pixels around (x, y), as far as there are any, have its value. */
function isAlike(plane: Float32Array, width: number, height: number, x: number, y: number): boolean {
  const value = plane[y * width + x];
  for (let row = Math.max(y - 1, 0); row <= Math.min(y + 1, height - 1); row++) {
    for (let column = Math.max(x - 1, 0); column <= Math.min(x + 1, width - 1); column++) {
      if (plane[row * width + column] !== value) return false;
    }
  }
  return true;
}
