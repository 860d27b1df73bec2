import type { Value } from "../value.js";

/**
 * Reads the four sides of an image tensor [N, C, H, W].
 * @throws {Error} naming the operator, when x has another rank or `factor` does not divide H and W
 */
export function image(op: string, x: Value, factor = 1): readonly [number, number, number, number] {
  const [n, c, h, w] = x.shape;
  if (x.shape.length !== 4) throw new Error(`${op}: expected [N, C, H, W], got [${x.shape}]`);
  if (h % factor !== 0 || w % factor !== 0) {
    throw new Error(`${op}: sides ${h} x ${w} of [${x.shape}] do not divide by ${factor}`);
  }
  return [n, c, h, w];
}
