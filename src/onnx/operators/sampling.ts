import { emit } from "../emit.js";
import type { Value } from "../value.js";
import { image } from "./image.js";

/**
 * Samples x [N, C, H, W] bilinearly at the places of grid [N, h, w, 2] (x, then y) -> [N, C, h, w]. Places
 * run from -1 to 1 between the outer edges of the first and the last pixel; beyond the middle of these, the
 * border is repeated.
 * @throws {Error} naming shapes that do not fit; when a gradient is asked for, which it has none of
 */
export function gridSample(x: Value, grid: Value): Value {
  const [n, c] = image("GridSample", x);
  const [m, h, w, axes] = grid.shape;
  if (grid.shape.length !== 4 || m !== n || axes !== 2) {
    throw new Error(`GridSample: input [${x.shape}], grid [${grid.shape}]`);
  }
  const flat = () => {
    throw new Error("GridSample: it has no gradient");
  };
  return emit("GridSample", [x, grid], {
    shape: [n, c, h, w],
    attributes: { mode: "linear", padding_mode: "border", align_corners: 0 },
    pull: () => [flat, flat],
  });
}
