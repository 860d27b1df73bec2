import { describe, expect, it } from "vitest";
import { bicubicX4, kernels, resizeByBlocks, resizePlanar } from "./resize.js";

const noise = (n: number) => Float32Array.from({ length: n }, (_, i) => Math.sin(i * 12.9898) * 0.9);

/** The definition, one output value at a time, in double precision. */
function bicubicAt(plane: Float32Array, width: number, height: number, x: number, y: number): number {
  const cubic = (d: number) => {
    const a = -0.75;
    const t = Math.abs(d);
    return t <= 1
      ? (a + 2) * t ** 3 - (a + 3) * t ** 2 + 1
      : t < 2
        ? a * (t ** 3 - 5 * t ** 2 + 8 * t - 4)
        : 0;
  };
  const [u, v] = [(x + 0.5) / 4 - 0.5, (y + 0.5) / 4 - 0.5];
  let sum = 0;
  for (let j = Math.floor(v) - 1; j <= Math.floor(v) + 2; j++) {
    for (let i = Math.floor(u) - 1; i <= Math.floor(u) + 2; i++) {
      const at = Math.min(height - 1, Math.max(0, j)) * width + Math.min(width - 1, Math.max(0, i));
      sum += plane[at]! * cubic(u - i) * cubic(v - j);
    }
  }
  return sum;
}

describe("bicubicX4", () => {
  it("follows the definition at every pixel, edges and tiny images too", () => {
    for (const [width, height] of [
      [7, 5],
      [1, 1],
      [2, 3],
      [1, 6],
    ] as const) {
      const planar = noise(2 * width * height);
      const large = bicubicX4(planar, 2, width, height);
      expect(large.length).toBe(32 * width * height);
      const second = planar.subarray(width * height);
      for (let y = 0; y < 4 * height; y++) {
        for (let x = 0; x < 4 * width; x++) {
          const value = large[(4 * height + y) * 4 * width + x]!;
          expect(Math.abs(value - bicubicAt(second, width, height, x, y))).toBeLessThan(1e-6);
        }
      }
    }
  });

  it("has the weights of PyTorch's kernel between two pixels", () => {
    // An impulse, seen at the four phases: the cubic with a = -0.75 at distances 1.375, 1.125, 0.875, ...
    const impulse = new Float32Array(81);
    impulse[4 * 9 + 4] = 1;
    const large = bicubicX4(impulse, 1, 9, 9);
    const middle = kernels.bicubic.weight(0.125);
    const along = [1.375, 1.125, 0.875, 0.625, 0.375, 0.125].map((d) => kernels.bicubic.weight(d) * middle);
    for (const [i, w] of along.entries()) expect(large[18 * 36 + 12 + i]).toBeCloseTo(w, 6);
    expect(kernels.bicubic.weight(1.375)).toBeCloseTo(-0.10986328125, 12);
  });
});

describe("resizePlanar", () => {
  it("leaves the same size as it is", () => {
    const planar = noise(3 * 11 * 6);
    const same = resizePlanar(planar, { channels: 3, width: 11, height: 6 }, { width: 11, height: 6 });
    for (let i = 0; i < planar.length; i++) expect(same[i]).toBeCloseTo(planar[i]!, 6);
  });

  it("keeps a constant, for every kernel, up and down and by odd factors", () => {
    for (const kernel of Object.values(kernels)) {
      for (const to of [
        { width: 5, height: 3 },
        { width: 40, height: 29 },
        { width: 1, height: 1 },
      ]) {
        const flat = new Float32Array(13 * 17).fill(0.25);
        const out = resizePlanar(flat, { channels: 1, width: 13, height: 17 }, to, { kernel });
        for (const value of out) expect(value).toBeCloseTo(0.25, 6);
      }
    }
  });

  it("widens the kernel when shrinking: Pillow's taps for a half", () => {
    // Catmull-Rom at distances 0.25, 0.75, 1.25, 1.75 on both sides, halved by the factor.
    const impulse = new Float32Array(32);
    impulse[15] = 1;
    const half = resizePlanar(impulse, { channels: 1, width: 32, height: 1 }, { width: 16, height: 1 });
    const expected = [0.25, 0.75, 1.25, 1.75].map((d) => kernels.catmullRom.weight(d) / 2);
    expect(half[7]).toBeCloseTo(expected[0]!, 6);
    expect(half[8]).toBeCloseTo(expected[1]!, 6);
    expect(half[6]).toBeCloseTo(expected[2]!, 6);
    expect(half[9]).toBeCloseTo(expected[3]!, 6);
    expect(half[10]).toBeCloseTo(0, 9);
  });

  it("keeps a ramp a ramp away from the edges", () => {
    const ramp = Float32Array.from({ length: 64 }, (_, i) => i);
    const out = resizePlanar(ramp, { channels: 1, width: 64, height: 1 }, { width: 16, height: 1 });
    for (let i = 3; i < 13; i++) expect(out[i]).toBeCloseTo(4 * i + 1.5, 4);
  });
});

it.each([
  [9, 7],
  [3, 2],
  [1, 5],
])("one pixel at a time it is the same to the bit: %i x %i", (width, height) => {
  const plane = noise(width * height);
  const to = { width: 4 * width, height: 4 * height };
  const options = { kernel: kernels.bicubic, antialias: false };
  const whole = resizePlanar(plane, { channels: 1, width, height }, to, options);
  const blockAt = resizeByBlocks({ width, height }, to, options);
  const block = new Float32Array(16);
  for (let y = 0; y < height; y++) {
    for (let x = 0; x < width; x++) {
      blockAt(plane, x, y, block);
      const expected = block.map((_, i) => whole[(4 * y + (i >> 2)) * to.width + 4 * x + (i & 3)]);
      expect(block).toEqual(expected);
    }
  }
});
