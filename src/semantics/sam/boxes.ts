/**
 * Boxes as Segment Anything's generator has them: the first and the last column and row that a mask has a
 * pixel in, so a mask of one pixel has a box of area 0. Arithmetic is that of float32 where the result can
 * depend on it.
 */
import type { Box } from "../runs.js";

function boxArea(box: Box): number {
  return Math.fround((box[2] - box[0]) * (box[3] - box[1]));
}

/** Computes the IoU of two boxes; two without area have NaN, which exceeds no threshold. */
export function boxIou(a: Box, b: Box): number {
  const width = Math.min(a[2], b[2]) - Math.max(a[0], b[0]);
  const height = Math.min(a[3], b[3]) - Math.max(a[1], b[1]);
  const intersection = width > 0 && height > 0 ? Math.fround(width * height) : 0;
  const union = Math.fround(Math.fround(boxArea(a) + boxArea(b)) - intersection);
  return Math.fround(intersection / union);
}

/**
 * Does greedy non-maximum suppression: by falling score, equals in the order they came, each is kept unless
 * its IoU with one that is kept exceeds the threshold.
 * @returns the numbers of those that are kept, by falling score
 */
export function nms(boxes: readonly Box[], scores: ArrayLike<number>, threshold: number): number[] {
  const order = boxes.map((_, i) => i).sort((a, b) => scores[b] - scores[a] || a - b);
  const kept: number[] = [];
  for (const i of order) {
    const box = boxes[i];
    let j = 0;
    while (j < kept.length && !(boxIou(box, boxes[kept[j]]) > threshold)) j++;
    if (j === kept.length) kept.push(i);
  }
  return kept;
}

/** How near, in pixels, is at the edge. */
const NEAR = 20;

/**
 * Tells whether a box ends at an edge of the crop that is not an edge of the image: its object probably goes
 * on outside.
 * @param box in pixels of the image, as are `crop` and `image`, whose far corners lie just outside
 */
export function isAtCropEdge(box: Box, crop: Box, image: Box): boolean {
  return box.some((at, i) => Math.abs(at - crop[i]) <= NEAR && Math.abs(at - image[i]) > NEAR);
}
