/**
 * The greatest and the least of the nine values around each place of a plane, in WebAssembly, four places at
 * once: on a grainy photo a branch for each value is guessed wrong every third time.
 */
import { advance, createKernel, get, load, operation, repeat, store, TYPES, vector } from "../base/wasm.js";

/** `greatest(vectors, a, b, c, out)` and `least`: of three values, for 4 `vectors` places in a row. */
const ofThree = (instruction: number) => {
  const [VECTORS, A, B, C, OUT] = [0, 1, 2, 3, 4];
  const choose = operation(vector(instruction));
  return {
    parameters: new Array<typeof TYPES.int>(5).fill(TYPES.int),
    locals: [],
    code: repeat(
      VECTORS,
      ...store(get(OUT), choose(choose(load(get(A)), load(get(B))), load(get(C)))),
      ...[A, B, C, OUT].flatMap((place) => advance(place, 16)),
    ),
  };
};

const kernel = createKernel({ greatest: ofThree(0xeb), least: ofThree(0xea) });

/**
 * Returns for each value of a plane the greatest or the least of it and the eight around it, as far as there
 * are any.
 */
export function around(
  values: Float32Array,
  width: number,
  height: number,
  which: "greatest" | "least",
): Float32Array {
  // One more at each side, where the outermost are repeated, and so change nothing.
  const stride = 4 * Math.ceil((width + 2) / 4);
  const plane = (height + 2) * stride;
  const floats = new Float32Array(kernel.reserve(4 * (2 * plane + 8)));
  const [source, rows] = [4, 4 + plane];
  for (let y = -1, at = source; y <= height; y++, at += stride) {
    const from = Math.min(Math.max(y, 0), height - 1) * width;
    floats[at] = values[from]!;
    floats.set(values.subarray(from, from + width), at + 1);
    floats[at + width + 1] = values[from + width - 1]!;
  }
  const choose = (first: number, count: number, step: number, out: number) =>
    kernel.run(which, count / 4, 4 * (first - step), 4 * first, 4 * (first + step), 4 * out);
  choose(source, plane, 1, rows);
  choose(rows + stride, plane - 2 * stride, stride, source + stride);
  const out = new Float32Array(width * height);
  for (let y = 0; y < height; y++) {
    const at = source + (y + 1) * stride + 1;
    out.set(floats.subarray(at, at + width), y * width);
  }
  return out;
}
