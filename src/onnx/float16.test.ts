import { describe, expect, it } from "vitest";
import { fromFloat16, toFloat16 } from "./float16.js";

const half = (x: number) => toFloat16(Float32Array.of(x))[0];
const single = (bits: number) => fromFloat16(Uint16Array.of(bits))[0];

describe("float16", () => {
  it.each([
    [0, 0x0000],
    [-0, 0x8000],
    [1, 0x3c00],
    [-2, 0xc000],
    [0.333251953125, 0x3555],
    [65504, 0x7bff],
    [2 ** -14, 0x0400], // the smallest normal
    [2 ** -14 - 2 ** -24, 0x03ff], // the largest subnormal
    [2 ** -24, 0x0001],
    [-(2 ** -24), 0x8001],
    [Number.POSITIVE_INFINITY, 0x7c00],
    [Number.NEGATIVE_INFINITY, 0xfc00],
  ])("%f is 0x%x both ways", (x, bits) => {
    expect(half(x)).toBe(bits);
    expect(Object.is(single(bits), x)).toBe(true);
  });

  it.each([
    [1 + 2 ** -11, 0x3c00], // half way between 1 and its successor: the even one
    [1 + 3 * 2 ** -11, 0x3c02],
    [1 + 2 ** -11 + 2 ** -20, 0x3c01],
    [2 - 2 ** -12, 0x4000], // the carry reaches the exponent
    [2 ** -25, 0x0000], // half of the smallest subnormal
    [2 ** -25 * 1.001, 0x0001],
    [3 * 2 ** -25, 0x0002],
    [2 ** -14 - 2 ** -25, 0x0400], // from the subnormals to the normals
    [2 ** -149, 0x0000],
    [65519.99, 0x7bff],
    [65520, 0x7c00], // half way to what would be the next number
    [-65520, 0xfc00],
    [1e30, 0x7c00],
  ])("%f rounds to 0x%x", (x, bits) => expect(half(x)).toBe(bits));

  it("keeps NaN", () => {
    expect(half(Number.NaN) & 0x7fff).toBe(0x7e00);
    expect(single(0x7e00)).toBeNaN();
    expect(single(0xfc01)).toBeNaN();
  });

  it("gives all 65536 patterns back", () => {
    const all = Uint16Array.from({ length: 65536 }, (_, i) => i);
    const isNaN16 = (bits: number) => (bits & 0x7fff) > 0x7c00;
    const back = toFloat16(fromFloat16(all));
    const wrong = all.filter((bits, i) => (isNaN16(bits) ? !isNaN16(back[i]) : back[i] !== bits));
    expect([...wrong]).toEqual([]);
  });

  it("rounds to the nearer of each two neighbours, and half way to the even one", () => {
    const floats = fromFloat16(Uint16Array.from({ length: 0x7c00 }, (_, i) => i));
    const wrong: number[] = [];
    for (let i = 1; i < floats.length; i++) {
      const [low, high] = [floats[i - 1], floats[i]];
      const even = i % 2 === 0 ? i : i - 1;
      if (half((low + high) / 2) !== even || half(low + (high - low) * 0.49) !== i - 1) wrong.push(low);
    }
    expect(wrong).toEqual([]);
  });
});
