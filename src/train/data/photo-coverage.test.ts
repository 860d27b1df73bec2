import { expect, it } from "vitest";
import { createCoverageSource } from "../../semantics/index.js";
import { cutCoverage, reducedPhoto, rememberedCoverage } from "./photo-coverage.js";

const whole = { width: 10, height: 8, counts: Uint16Array.from({ length: 80 }, (_, i) => i) };

it("takes a crop's part of the photo's coverage, turned as the crop is", () => {
  const region = { x: 8, y: 4, width: 16, height: 16 };
  const upright = cutCoverage(whole, region, 0);
  expect([...upright.counts]).toEqual([12, 13, 14, 15, 22, 23, 24, 25, 32, 33, 34, 35, 42, 43, 44, 45]);
  expect([...cutCoverage(whole, region, 1).counts.subarray(0, 4)]).toEqual([15, 14, 13, 12]);
  expect([...cutCoverage(whole, region, 4).counts.subarray(0, 4)]).toEqual([12, 22, 32, 42]);
  expect(upright.largest).toBe(79);
  expect(upright.means.paper).toBeCloseTo(39.5);
  expect(upright.means.release).toBeCloseTo(
    [...whole.counts].reduce((sum, count) => sum + 1 / Math.max(count, 1), 0) / 80,
  );
});

it("takes the nearest count for a crop off the small pixels' grid, and beyond the photo", () => {
  expect(cutCoverage(whole, { x: 9, y: 4, width: 4, height: 4 }, 0).counts[0]).toBe(12);
  expect(cutCoverage(whole, { x: 10, y: 4, width: 4, height: 4 }, 0).counts[0]).toBe(13);
  expect(cutCoverage(whole, { x: -8, y: -8, width: 4, height: 4 }, 0).counts[0]).toBe(0);
  expect(cutCoverage(whole, { x: 90, y: 90, width: 4, height: 4 }, 0).counts[0]).toBe(79);
});

it("covers a disc in a photo and not the plain around it, and each photo once", async () => {
  const [width, height] = [161, 122];
  const data = new Uint8Array(width * height * 3);
  for (let y = 0, to = 0; y < height; y++) {
    for (let x = 0; x < width; x++) {
      const level = Math.hypot(x - 80, y - 60) < 16 ? 220 : 40;
      for (let c = 0; c < 3; c++) data[to++] = level;
    }
  }
  const photo = { width, height, channels: 3 as const, data };
  const coverageOf = rememberedCoverage(createCoverageSource("regions"));
  const coverage = await coverageOf(3, () => reducedPhoto(photo));
  expect([coverage.width, coverage.height]).toEqual([40, 30]);
  expect(coverage.counts[15 * 40 + 20]).toBeGreaterThan(0);
  expect(coverage.counts[2 * 40 + 2]).toBe(0);
  const again = await coverageOf(3, () => {
    throw new Error("made small again");
  });
  expect(again).toBe(coverage);
});
