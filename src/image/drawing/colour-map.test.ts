import { expect, it } from "vitest";
import { heat } from "./colour-map.js";

/** Lightness of OKLab, of sRGB. */
function lightness([r, g, b]: readonly number[]): number {
  const [x, y, z] = [r, g, b].map((v) =>
    v / 255 <= 0.04045 ? v / 255 / 12.92 : ((v / 255 + 0.055) / 1.055) ** 2.4,
  );
  const l = Math.cbrt(0.4122214708 * x + 0.5363325363 * y + 0.0514459929 * z);
  const m = Math.cbrt(0.2119034982 * x + 0.6806995451 * y + 0.1073969566 * z);
  const s = Math.cbrt(0.0883024619 * x + 0.2817188376 * y + 0.6299787005 * z);
  return 0.2104542553 * l + 0.793617785 * m - 0.0040720468 * s;
}

it("rises in equal steps of lightness, and changes its hue on the way", () => {
  for (let i = 0; i <= 20; i++) {
    expect(lightness(heat(i / 20))).toBeCloseTo(0.18 + (0.8 * Math.round((255 * i) / 20)) / 255, 2);
  }
  const [dark, middle, bright] = [0.1, 0.5, 0.95].map(heat);
  expect(dark[2]).toBeGreaterThan(dark[0]);
  expect(middle[0]).toBeGreaterThan(middle[2]);
  expect(bright[1]).toBeGreaterThan(bright[2]);
  expect(heat(-3)).toEqual(heat(0));
  expect(heat(7)).toEqual(heat(1));
});
