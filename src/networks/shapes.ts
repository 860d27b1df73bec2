/**
 * Reading one number off many shapes, so that a tensor that is missing or damaged does not hide what the
 * others say.
 */
import type { Shape } from "../onnx/index.js";

/** Names and shapes of a checkpoint's tensors, buffers of whole numbers included. */
export type Shapes = ReadonlyMap<string, Shape>;

/** Returns the value that stands there most often, the first of those that do equally often. */
export function majority(values: Iterable<number>): number | undefined {
  const counts = new Map<number, number>();
  for (const value of values) counts.set(value, (counts.get(value) ?? 0) + 1);
  let winner: number | undefined;
  for (const [value, count] of counts) {
    if (count > (winner === undefined ? 0 : counts.get(winner)!)) winner = value;
  }
  return winner;
}

/** Tells whether a number can be a size; one that cannot is no vote: a file may claim anything. */
export function isSize(value: number | undefined, most: number): value is number {
  return Number.isSafeInteger(value) && value! >= 1 && value! <= most;
}

/**
 * Returns side `axis` of every tensor whose name fits, over `divisor`, where that is a whole number up to
 * 16384.
 */
export function sides(shapes: Shapes, name: RegExp, axis: number, divisor = 1): number[] {
  const found: number[] = [];
  for (const [key, shape] of shapes) {
    const side = shape[axis] / divisor;
    if (name.test(key) && isSize(side, 16384)) found.push(side);
  }
  return found;
}

/**
 * Tells how many numbered items there are, 0 1 2 ... up to `most`, by the largest number that `name`
 * captures.
 */
export function countOf(shapes: Shapes, name: RegExp, most: number): number {
  let count = 0;
  for (const key of shapes.keys()) {
    const number = Number(name.exec(key)?.[1] ?? -1);
    if (number < most) count = Math.max(count, number + 1);
  }
  return count;
}

/** Returns a name as a pattern for it alone. */
export function literally(name: string): string {
  return name.replaceAll(".", "\\.");
}

/**
 * Returns the factor s of a pixel shuffle that follows s^2 channels for each colour, by what stands there
 * most often; 4 where nothing does.
 */
export function scaleOf(squares: Iterable<number>): number {
  return Math.max(1, Math.round(Math.sqrt(majority(squares) ?? 16)));
}
