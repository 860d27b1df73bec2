/**
 * DySample (Liu et al. 2023, arXiv 2308.15085): enlarges by sampling its input, for each group of channels
 * and each large pixel at a place of its own, that lies near where a plain enlargement would look.
 */
import { conv, type Scope, zeros } from "../../nn/index.js";
import * as o from "../../onnx/index.js";

/**
 * Makes [N, 3, s H, s W] of t [N, C, H, W].
 * @param groups of channels that are sampled together; they divide C
 */
export function dysample(p: Scope, t: o.Value, scale: number, groups: number): o.Value {
  const [n, c, h, w] = t.shape;
  const places = groups * scale ** 2;
  const offset = conv(p.at("offset"), t, 2 * places, 1);
  const scope = conv(p.at("scope"), t, 2 * places, 1, { bias: false });
  const initial = o.constant(initialPlaces(scale, groups), [1, 2 * places, 1, 1]);
  const moved = o.add(o.mul(o.mul(offset, o.sigmoid(scope)), 0.5), initial);

  // Along x and along y: from pixels to -1..1, which are the outer edges of the first and the last pixel.
  const grid = o.split(o.reshape(moved, [n, 2, places, h, w]), 2, 1).map((along, axis) => {
    const side = axis === 0 ? w : h;
    const ramp = o.cast(o.integers(Array.from({ length: side }, (_, i) => i)), "float32");
    const pixels = o.add(along, axis === 0 ? ramp : o.reshape(ramp, [h, 1]));
    return o.sub(o.div(o.add(o.mul(pixels, 2), 1), o.cast(o.integers([side]), "float32")), 1);
  });
  // [N, axis, group, row, column in the square, H, W] -> [N, group, H, row, W, column, axis]
  const cells = o.reshape(o.concat(grid, 1), [n, 2, groups, scale, scale, h, w]);
  const large = o.reshape(o.transpose(cells, [0, 2, 5, 3, 6, 4, 1]), [n * groups, scale * h, scale * w, 2]);
  const sampled = o.gridSample(o.reshape(t, [n * groups, c / groups, h, w]), large);
  return conv(p.at("end_conv"), o.reshape(sampled, [n, c, scale * h, scale * w]), 3, 1);
}

/** Asks for what a file holds of it beside what it is run with. */
export function dysampleConstants(p: Scope, scale: number, groups: number): void {
  p.parameter("init_pos", [1, 2 * groups * scale ** 2, 1, 1], zeros);
}

/** Tells where a plain enlargement looks from the middle of a small pixel: x for all, then y for all. */
function initialPlaces(scale: number, groups: number): Float32Array {
  const place = (i: number) => (i - (scale - 1) / 2) / scale;
  return Float32Array.from({ length: 2 * groups * scale ** 2 }, (_, k) => {
    const column = k % scale;
    const row = Math.floor(k / scale) % scale;
    return place(k < groups * scale ** 2 ? column : row);
  });
}
