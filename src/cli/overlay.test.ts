import { describe, expect, it } from "vitest";
import { createRaster } from "../image/index.js";
import { coveragePicture, greyPicture, levelsOf, overlay } from "./overlay.js";

describe("semantics as pictures", () => {
  const mask = (...pixels: number[]) =>
    Uint8Array.from({ length: 6 }, (_, p) => (pixels.includes(p) ? 1 : 0));

  it("spreads overlapping masks over levels, the largest first", () => {
    const [whole, part, other] = [mask(0, 1, 2, 3), mask(1), mask(5)];
    const levels = levelsOf({ width: 3, height: 2, masks: [part, whole, other, mask()] });
    expect(levels.map(({ labels }) => [...labels])).toEqual([
      [2, 2, 2, 2, 0, 3],
      [0, 1, 0, 0, 0, 0],
    ]);
  });

  it("tints regions, draws their borders and dims the rest", () => {
    const photo = createRaster(4, 1, 1);
    photo.data.fill(200);
    const labels = Int32Array.from([1, 1, 0, 0]);
    const { data } = overlay(photo, { width: 4, height: 1, labels });
    const pixel = (x: number) => [...data.subarray(3 * x, 3 * x + 3)];
    expect(pixel(3)).toEqual([80, 80, 80]);
    expect(Math.max(...pixel(0)) - Math.min(...pixel(0))).toBeGreaterThan(30);
    expect(pixel(1)).not.toEqual(pixel(0));
  });

  it("gives every count a shade of its own, brighter with the count, and greys from 0 to 255", () => {
    const counts = Uint16Array.from([0, 1, 2, 3]);
    const { data } = coveragePicture({ width: 4, height: 1, counts });
    const sums = [0, 1, 2, 3].map((p) => data[3 * p]! + data[3 * p + 1]! + data[3 * p + 2]!);
    expect(sums).toEqual([...sums].sort((a, b) => a - b));
    expect(new Set(sums).size).toBe(4);
    expect([...greyPicture(Float32Array.from([0, 0.5, 1]), 3, 1).data]).toEqual([0, 128, 255]);
  });
});
