/** Colour at half the size, and back (4:2:0), as libjpeg does both. */
import { createPlane, type Plane } from "./colour.js";

/** Repeats the last column and the last row of the picture through what is left of its blocks. */
export function fillEdges(plane: Plane): void {
  fillRight(plane);
  fillBelow(plane);
}

function fillRight({ data, width, height, stride }: Plane): void {
  if (width === stride) return;
  for (let y = 0, row = 0; y < height; y++, row += stride) {
    data.fill(data[row + width - 1], row + width, row + stride);
  }
}

function fillBelow({ data, height, stride, rows }: Plane): void {
  for (let y = height; y < rows; y++) data.copyWithin(y * stride, (height - 1) * stride, height * stride);
}

/** Means of 2 x 2 with the edges filled: to the right before they are taken, below after. */
export function halve(full: Plane): Plane {
  const half = createPlane(Math.ceil(full.width / 2), Math.ceil(full.height / 2));
  const { data } = half;
  const last = full.width - 1;
  for (let y = 0; y < half.height; y++) {
    const above = 2 * y * full.stride;
    const below = Math.min(2 * y + 1, full.height - 1) * full.stride;
    for (let x = 0; x < half.stride; x++) {
      const left = Math.min(2 * x, last);
      const right = Math.min(2 * x + 1, last);
      const sum =
        full.data[above + left] +
        full.data[above + right] +
        full.data[below + left] +
        full.data[below + right];
      // Halves are rounded down and up by turns.
      data[y * half.stride + x] = (sum + 1 + (x & 1)) >> 2;
    }
  }
  fillBelow(half);
  return half;
}

/**
 * Doubles the size, 3 parts of the nearest and 1 of the next in either direction; narrow planes are just
 * repeated.
 */
export function double(half: Plane, width: number, height: number): Plane {
  const full = createPlane(width, height);
  if (half.width <= 2) {
    for (let y = 0; y < height; y++) {
      for (let x = 0; x < width; x++) {
        full.data[y * full.stride + x] = half.data[(y >> 1) * half.stride + (x >> 1)];
      }
    }
    return full;
  }
  const sums = new Int32Array(half.width + 2);
  for (let y = 0; y < height; y++) {
    const near = (y >> 1) * half.stride;
    const far = Math.min(half.height - 1, Math.max(0, (y >> 1) + (y & 1 ? 1 : -1))) * half.stride;
    for (let x = 0; x < half.width; x++) sums[x + 1] = 3 * half.data[near + x] + half.data[far + x];
    sums[0] = sums[1];
    sums[half.width + 1] = sums[half.width];
    for (let x = 0, to = y * full.stride; x < width; x++, to++) {
      const at = (x >> 1) + 1;
      full.data[to] = x & 1 ? (3 * sums[at] + sums[at + 1] + 7) >> 4 : (3 * sums[at] + sums[at - 1] + 8) >> 4;
    }
  }
  return full;
}
