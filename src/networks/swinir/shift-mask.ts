/**
 * Which pixels of a shifted window must not see each other, by operators: so that no table has a picture's
 * size.
 */
import { APART } from "../../nn/index.js";
import * as o from "../../onnx/index.js";

/**
 * Returns the mask of a shifted window attention, [windows, 1, w w, w w]: {@link APART} between pixels that
 * only the roll brought together, else 0. In shifted coordinates rows and columns each fall into three bands,
 * all but the last window, what is left of it, and the `shift` pixels that came round; pixels see those of
 * their own of the nine regions.
 */
export function shiftMask(height: number, width: number, w: number, shift: number): o.Value {
  const last = o.constant(Float32Array.from({ length: w }, (_, i) => (i < w - shift ? 1 : 2)));
  const rows = o.reshape(o.pad(last, [height - w], [0]), [height, 1]);
  const regions = o.add(o.mul(rows, 3), o.pad(last, [width - w], [0]));
  const [windows, tokens] = [(height / w) * (width / w), w * w];
  const cut = o.transpose(o.reshape(regions, [height / w, w, width / w, w]), [0, 2, 1, 3]);
  const [a, b] = [
    [windows, 1, tokens, 1],
    [windows, 1, 1, tokens],
  ].map((shape) => o.reshape(cut, shape));
  return o.where(o.equal(a, b), 0, APART);
}
