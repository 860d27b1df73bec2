import { expect, it } from "vitest";
import { createRandom } from "../base/random.js";
import { writeInterleaved } from "./interleave.js";

it("rounds each value as double precision does, into its place, and nothing beyond", () => {
  const random = createRandom(2);
  // Values at and beyond the ends, on the halves between two levels and just beside them.
  const odd = [-1, 1, -1.5, 1.5, Number.NaN, 0, -0, 1 / 255, Math.fround(1 / 255), 3e9, -3e9];
  for (const [count, channels, stride, offset] of [
    [1, 1, 1, 0],
    [5, 3, 9, 2],
    [16384 + 3, 4, 16390, 1],
    [40_001, 2, 40_001, 0],
  ]) {
    const planar = Float32Array.from({ length: offset + channels * stride }, (_, i) =>
      i % 3 === 0
        ? odd[i % odd.length]!
        : i % 3 === 1
          ? (2 * random.integer(256)) / 255 - 1 + 1 / 255
          : 2.1 * random.next() - 1,
    );
    for (const Numbers of [Uint8Array, Uint16Array]) {
      const out = new Numbers(count * channels + 2).fill(77);
      writeInterleaved(planar, count, channels, out.subarray(0, count * channels), stride, offset);
      const most = Numbers === Uint8Array ? 255 : 65535;
      const expected = out.map((_, at) => {
        if (at >= count * channels) return 77;
        const value = planar[offset + (at % channels) * stride + Math.floor(at / channels)]!;
        const level = Math.floor(value * (most / 2) + most / 2 + 0.5);
        return Math.min(Math.max(Number.isNaN(level) ? 0 : level, 0), most);
      });
      expect(Buffer.from(out.buffer).equals(Buffer.from(expected.buffer))).toBe(true);
    }
  }
});
