import { describe, expect, it } from "vitest";
import { createRandom } from "../base/random.js";
import { createRaster, type Raster } from "../image/index.js";
import { frameCoverage, movedPixels, withStillParts } from "./frames.js";
import type { ResolvedSettings } from "./settings.js";

const [width, height] = [64, 48];

function noisy(seed: number): Raster {
  const random = createRandom(seed);
  const raster = createRaster(width, height, 3);
  raster.data.set(Array.from({ length: raster.data.length }, () => random.integer(256)));
  return raster;
}

/** A copy with one pixel changed. */
function changed(raster: Raster, x: number, y: number): Raster {
  const data = raster.data.slice();
  data[3 * (y * width + x)]! ^= 128;
  return { ...raster, data };
}

describe("frames", () => {
  it("move within 12 pixels of a change, to all sides and not around the edges", () => {
    const before = noisy(1);
    expect(movedPixels(before, { ...before, data: before.data.slice() })).toBeUndefined();
    for (const [x, y] of [
      [30, 20],
      [0, 47],
      [63, 0],
    ] as const) {
      const moved = movedPixels(before, changed(before, x, y))!;
      const expected = Uint8Array.from({ length: width * height }, (_, p) =>
        Math.abs((p % width) - x) <= 12 && Math.abs(Math.floor(p / width) - y) <= 12 ? 1 : 0,
      );
      expect(moved).toEqual(expected);
    }
  });

  it("keep the result of the frame before where nothing moved, at any scale", () => {
    const input = noisy(1);
    const moved = movedPixels(input, changed(input, 10, 10))!;
    for (const scale of [4, 2.5, 0.5]) {
      const size = [Math.round(width * scale), Math.round(height * scale)] as const;
      const [old, now] = [createRaster(...size, 3), createRaster(...size, 3)];
      old.data.fill(1);
      now.data.fill(2);
      const { data } = withStillParts(now, { input, output: old }, moved);
      const at = (x: number, y: number) =>
        data[3 * (Math.floor(y * scale) * size[0] + Math.floor(x * scale))];
      expect([at(10.5, 10.5), at(20.5, 20.5), at(26.5, 10.5), at(60.5, 40.5)]).toEqual([2, 2, 1, 1]);
    }
  });

  it("share masks where nothing moved", async () => {
    const diffusion = { masks: "regions", variant: "paper" } as ResolvedSettings["diffusion"];
    const settings = { tile: 64, overlap: 8, scale: 4, diffusion } as ResolvedSettings;
    const [first, second] = [noisy(1), noisy(2)];
    const coverage = (await frameCoverage(first, settings, undefined, undefined))!;
    const moved = new Uint8Array(width * height).fill(1, 0, (width * height) / 2);
    const before = { input: first, output: first, coverage };
    const shared = (await frameCoverage(second, settings, before, moved))!;
    const alone = (await frameCoverage(second, settings, undefined, undefined))!;
    const half = (width * height) / 2;
    expect(shared.counts.subarray(half)).toEqual(coverage.counts.subarray(half));
    expect(shared.counts.subarray(0, half)).toEqual(alone.counts.subarray(0, half));
    expect(shared.counts).not.toEqual(alone.counts);
    const none = { ...settings, diffusion: { ...diffusion!, masks: "none" as const } };
    expect(await frameCoverage(first, none, undefined, undefined)).toBeUndefined();
  });
});
