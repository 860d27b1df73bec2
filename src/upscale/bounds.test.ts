import { expect, it } from "vitest";
import { createRandom } from "../base/random.js";
import { kernels, resizePlanar } from "../image/resize.js";
import { bounded } from "./bounds.js";

it.each([
  ["a row of blocks", 4, 4, 16],
  ["part of a wider plane", 13, 6, 60],
])("keeps within bounds or as far beyond as bicubic goes, to the bit: %s", (_, width, height, stride) => {
  const random = createRandom(3);
  const values = (length: number, reach: number) =>
    Float32Array.from({ length }, () => reach * (2 * random.next() - 1));
  const small = values(width * height, 1);
  const low = small.map((value, i) => (i % 3 === 0 ? value : value - 0.1));
  const high = small.map((value, i) => (i % 3 === 0 ? value : value + 0.1));
  const large = values(4 * height * stride, 2);
  const bicubic = resizePlanar(
    small,
    { channels: 1, width, height },
    { width: 4 * width, height: 4 * height },
    { kernel: kernels.bicubic, antialias: false },
  );
  const due = large.map((value, i) => {
    const [x, y] = [i % stride, Math.floor(i / stride)];
    if (x >= 4 * width) return value;
    const at = Math.floor(y / 4) * width + Math.floor(x / 4);
    const far = bicubic[y * 4 * width + x];
    return Math.min(Math.max(value, Math.min(low[at], far)), Math.max(high[at], far));
  });
  const made = large.slice();
  bounded(made, small, low, high, { width, height, stride });
  expect(made).toEqual(due);
  expect(made.filter((value, i) => value !== large[i]).length).toBeGreaterThan(100);
});
