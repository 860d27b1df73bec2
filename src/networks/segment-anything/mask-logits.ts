import * as o from "../../onnx/index.js";
import type { Size } from "../definition.js";
import { gridOf, type SamConfig } from "./config.js";
import { fittedSize } from "./preprocess.js";
import { resizeMatrix } from "./resize-matrix.js";

/**
 * Brings low-resolution logits [B, M, 4 grid, 4 grid] to the size of the image: enlarged to S x S, what
 * padding added cut off, and resized again, both times bilinearly without antialias. All of that is linear
 * along each axis, so it is a matrix on either side and the large squares in between never exist.
 */
export function maskLogits(config: SamConfig, lowResLogits: o.Value, size: Size): o.Value {
  const side = 4 * gridOf(config);
  const fitted = fittedSize(size, config);
  const axis = (from: number, to: number) => {
    const enlarge = resizeMatrix(side, config.imageSize).subarray(0, from * side);
    return o.matmul(o.constant(resizeMatrix(from, to), [to, from]), o.constant(enlarge, [from, side]));
  };
  const rows = axis(fitted.height, size.height);
  const columns = axis(fitted.width, size.width);
  return o.matmul(o.matmul(rows, lowResLogits), o.transposeLast(columns));
}
