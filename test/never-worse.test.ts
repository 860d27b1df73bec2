/**
 * What the bundled model makes of what is hard for it: never worse than bicubic in grain, tint, drift and
 * overshoot.
 */

import { createUpscaler, type Upscaler } from "samsr";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { decode } from "../src/image/index.js";
import { fromTensor, type Raster, toTensor } from "../src/image/raster.js";
import { bicubicX4 } from "../src/image/resize.js";
import { hasCases, sharedPath } from "./shared.js";

let upscaler: Upscaler;
beforeAll(async () => {
  upscaler = await createUpscaler({ threads: 1 });
});
afterAll(() => upscaler?.close());

const enlarged = async (folder: string, name: string) => {
  const { raster: small } = await decode(sharedPath("cases", folder, name));
  return { small, large: (await upscaler.upscale(small)).raster };
};
const deviation = (values: ArrayLike<number>) => {
  const list = Array.from(values);
  const mean = list.reduce((a, b) => a + b, 0) / list.length;
  return Math.sqrt(list.reduce((sum, value) => sum + (value - mean) ** 2, 0) / list.length);
};
const extremes = ({ data }: Raster) => {
  const values = Array.from(data).sort((a, b) => a - b);
  return [values[0], values[values.length - 1]];
};

/** The mean of how far values lie beyond the least and the greatest of the 5 x 5 small pixels around them. */
function overshoot(small: Raster, large: Raster): number {
  const { channels, width, height } = small;
  let sum = 0;
  large.data.forEach((value, i) => {
    const [pixel, c] = [Math.floor(i / channels), i % channels];
    const [x, y] = [(pixel % large.width) >> 2, Math.floor(pixel / large.width) >> 2];
    let [least, greatest] = [255, 0];
    for (let row = Math.max(y - 2, 0); row <= Math.min(y + 2, height - 1); row++) {
      for (let column = Math.max(x - 2, 0); column <= Math.min(x + 2, width - 1); column++) {
        const near = small.data[(row * width + column) * channels + c];
        [least, greatest] = [Math.min(least, near), Math.max(greatest, near)];
      }
    }
    sum += Math.max(least - value, value - greatest, 0);
  });
  return sum / large.data.length;
}

describe.skipIf(!hasCases)("the bundled model", () => {
  it.each(["flat0.png", "flat128.png", "flat255.png", "flat_rgb_255_0_0.png"])(
    "keeps one colour: %s",
    async (name) => {
      const { small, large } = await enlarged("pictures", name);
      const colour = small.data.subarray(0, small.channels);
      expect(large.data.every((value, i) => value === colour[i % small.channels])).toBe(true);
    },
  );

  it("takes grain away", async () => {
    expect(deviation((await enlarged("pictures", "n8.png")).large.data)).toBeLessThan(5);
    expect(deviation((await enlarged("pictures", "rgbn8.jpg")).large.data)).toBeLessThan(5);
  });

  it.each([
    ["pictures", "bw_rgb.jpg"],
    ["complaints", "checker1.png"],
  ])("keeps grey grey: %s/%s", async (folder, name) => {
    const { data, channels } = (await enlarged(folder, name)).large;
    if (channels < 3) return;
    let tint = 0;
    for (let i = 0; i < data.length; i += channels) {
      const [r, g, b] = [data[i], data[i + 1], data[i + 2]];
      tint = Math.max(tint, Math.max(r, g, b) - Math.min(r, g, b));
    }
    expect(tint).toBe(0);
  });

  it("overshoots an edge no further than bicubic, and nothing else", async () => {
    const [least, greatest] = extremes((await enlarged("pictures", "step.png")).large);
    expect(least).toBeGreaterThanOrEqual(50);
    expect(greatest).toBeLessThanOrEqual(206);
    const { large } = await enlarged("pictures", "step_full.png");
    const { width, channels } = large;
    const column = (i: number) => Math.floor(i / channels) % width;
    expect(large.data.every((value, i) => column(i) >= width / 2 - 8 || value === 0)).toBe(true);
    expect(large.data.every((value, i) => column(i) < width / 2 + 8 || value === 255)).toBe(true);
  });

  it("keeps a ramp of 16 bits a ramp, as far as bicubic does", async () => {
    const { small, large } = await enlarged("complaints", "gradient16.png");
    const { width, height, channels, data } = large;
    const planes = bicubicX4(toTensor(small), 3, small.width, small.height);
    const bicubic = fromTensor(planes, { width, height, channels: 3, bits: 16 }).data;
    const falls = (values: ArrayLike<number>, channels: number) => {
      let most = 0;
      for (let i = channels; i < values.length; i++) {
        if (Math.floor(i / channels) % width !== 0) most = Math.max(most, values[i - channels] - values[i]);
      }
      return most;
    };
    expect(data).toBeInstanceOf(Uint16Array);
    expect(falls(data, channels)).toBeLessThanOrEqual(falls(bicubic, 3) + 1);
  });

  it.each(["lines.png", "sharp_thumbnail.png"])("has no halos beyond bicubic's: %s", async (name) => {
    const { small, large } = await enlarged("pictures", name);
    const { width, height, channels } = large;
    const planes = bicubicX4(toTensor(small), channels, small.width, small.height);
    const bicubic = fromTensor(planes, { width, height, channels });
    expect(overshoot(small, large)).toBeLessThanOrEqual(overshoot(small, bicubic) + 0.05);
  });
});
