import { describe, expect, it } from "vitest";
import { createRandom } from "../../base/random.js";
import { type Channels, createRaster, type Raster } from "../../image/raster.js";
import { psnrY, ssimY } from "./index.js";

/** A picture whose pixels are `value(x, y, channel)`. */
function paint(
  width: number,
  height: number,
  value: (x: number, y: number, c: number) => number,
  channels: Channels = 3,
): Raster {
  const raster = createRaster(width, height, channels);
  for (let i = 0; i < raster.data.length; i++) {
    const pixel = Math.floor(i / channels);
    raster.data[i] = value(pixel % width, Math.floor(pixel / width), i % channels);
  }
  return raster;
}

function noisy(width: number, height: number, seed: number): Raster {
  const random = createRandom(seed);
  return paint(width, height, () => random.integer(256));
}

/** Luma of a grey level, by the definition. */
const lumaOf = (level: number) => 16 + (219 * level) / 255;

describe("psnrY", () => {
  it("of a constant offset is its closed form: 219/255 of the offset in luma", () => {
    const a = paint(32, 24, (x, y, c) => 10 + x + y + c);
    const b = paint(32, 24, (x, y, c) => 10 + x + y + c + 7);
    expect(psnrY(a, b)).toBeCloseTo(20 * Math.log10(255 / ((219 / 255) * 7)), 9);
  });

  it("weighs the channels by BT.601", () => {
    const black = paint(16, 16, () => 0);
    for (const [channel, weight] of [65.481, 128.553, 24.966].entries()) {
      const tinted = paint(16, 16, (_x, _y, c) => (c === channel ? 51 : 0));
      expect(psnrY(black, tinted)).toBeCloseTo(20 * Math.log10(255 / (weight / 5)), 9);
    }
  });

  it("is infinite for equal pictures and symmetric", () => {
    const [a, b] = [noisy(20, 20, 1), noisy(20, 20, 2)];
    expect(psnrY(a, a)).toBe(Number.POSITIVE_INFINITY);
    expect(psnrY(a, b)).toBe(psnrY(b, a));
  });

  it("does not see the border", () => {
    const a = paint(20, 16, () => 90);
    const b = paint(20, 16, (x, y) => (x < 4 || y < 4 || x >= 16 || y >= 12 ? 200 : 90));
    expect(psnrY(a, b, { border: 4 })).toBe(Number.POSITIVE_INFINITY);
    expect(psnrY(a, b, { border: 3 })).toBeLessThan(20);
  });

  it("reads grey and alpha pictures", () => {
    const rgb = paint(20, 20, (x, y) => x * y);
    const other = paint(20, 20, () => 70);
    const grey = paint(20, 20, (x, y) => x * y, 1);
    const rgba = paint(20, 20, (x, y, c) => (c === 3 ? 5 : x * y), 4);
    expect(psnrY(grey, other)).toBeCloseTo(psnrY(rgb, other), 9);
    expect(psnrY(rgba, other)).toBe(psnrY(rgb, other));
  });
});

describe("ssimY", () => {
  it("is 1 for equal pictures and symmetric", () => {
    const [a, b] = [noisy(40, 30, 1), noisy(40, 30, 2)];
    expect(ssimY(a, a)).toBeCloseTo(1, 12);
    expect(ssimY(a, b)).toBeCloseTo(ssimY(b, a), 12);
    expect(ssimY(a, b)).toBeLessThan(0.2);
  });

  it("of constant pictures is the luminance term alone", () => {
    const [p, q] = [lumaOf(50), lumaOf(200)];
    const c1 = (0.01 * 255) ** 2;
    const expected = (2 * p * q + c1) / (p * p + q * q + c1);
    expect(
      ssimY(
        paint(24, 24, () => 50),
        paint(24, 24, () => 200),
      ),
    ).toBeCloseTo(expected, 9);
  });

  it("agrees with the definition, window by window", () => {
    const [a, b] = [noisy(27, 23, 3), paint(27, 23, (x, y, c) => 5 * x + 3 * y + c)];
    expect(ssimY(a, b, { border: 2 })).toBeCloseTo(direct(a, b, 2), 9);
  });
});

it("refuses pictures that cannot be compared", () => {
  expect(() => psnrY(noisy(20, 20, 1), noisy(20, 21, 1))).toThrow(/20x20.*20x21.*equal sizes/);
  expect(() => psnrY(noisy(8, 8, 1), noisy(8, 8, 1))).toThrow(/at least 9/);
  expect(() => psnrY(createRaster(20, 20, 3, 16), noisy(20, 20, 1))).toThrow(/8 bits/);
  expect(() => ssimY(noisy(18, 40, 1), noisy(18, 40, 1))).toThrow(/at least 19/);
});

/** SSIM as the paper writes it: two-dimensional window, central moments, no shortcuts. */
function direct(a: Raster, b: Raster, border: number): number {
  const y = ({ width, data }: Raster, u: number, v: number) => {
    const [r, g, b] = data.subarray((v * width + u) * 3);
    return 16 + (65.481 * r + 128.553 * g + 24.966 * b) / 255;
  };
  const [c1, c2] = [(0.01 * 255) ** 2, (0.03 * 255) ** 2];
  const window: { u: number; v: number; w: number }[] = [];
  for (let v = -5; v <= 5; v++) {
    for (let u = -5; u <= 5; u++) window.push({ u, v, w: Math.exp(-(u * u + v * v) / 4.5) });
  }
  const total = window.reduce((sum, { w }) => sum + w, 0);
  let sum = 0;
  let count = 0;
  for (let v = border + 5; v < a.height - border - 5; v++) {
    for (let u = border + 5; u < a.width - border - 5; u++) {
      const mean = (f: (du: number, dv: number) => number) =>
        window.reduce((s, { u: du, v: dv, w }) => s + (w / total) * f(du, dv), 0);
      const x = (du: number, dv: number) => y(a, u + du, v + dv);
      const z = (du: number, dv: number) => y(b, u + du, v + dv);
      const [mx, mz] = [mean(x), mean(z)];
      const vx = mean((du, dv) => (x(du, dv) - mx) ** 2);
      const vz = mean((du, dv) => (z(du, dv) - mz) ** 2);
      const cov = mean((du, dv) => (x(du, dv) - mx) * (z(du, dv) - mz));
      sum += ((2 * mx * mz + c1) * (2 * cov + c2)) / ((mx * mx + mz * mz + c1) * (vx + vz + c2));
      count++;
    }
  }
  return sum / count;
}
