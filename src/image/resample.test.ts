import { describe, expect, it } from "vitest";
import { longestStall } from "../../test/fixtures/stall.js";
import type { Raster } from "./raster.js";
import { createRaster, fromTensor, meanPlane, toTensor } from "./raster.js";
import { resample } from "./resample.js";
import { kernels, resizePlanar } from "./resize.js";

/** 16 bits of grey, from black at the left to white at the right. */
function ramp(): Raster {
  const raster = createRaster(48, 32, 1, 16);
  for (let i = 0; i < raster.data.length; i++) raster.data[i] = Math.round(((i % 48) * 65535) / 47);
  return raster;
}

describe("resample", () => {
  it("keeps channels, depth and a constant", async () => {
    for (const bits of [8, 16] as const) {
      for (const channels of [1, 2, 3, 4] as const) {
        const raster = createRaster(40, 30, channels, bits);
        const values = bits === 16 ? [40001, 999, 65535, 65535] : [200, 9, 255, 255];
        if (channels === 2) values[1] = bits === 16 ? 65535 : 255;
        for (let i = 0; i < raster.data.length; i++) raster.data[i] = values[i % channels]!;
        for (const [width, height] of [
          [25, 17],
          [77, 60],
        ] as const) {
          const other = await resample(raster, width, height);
          expect([other.width, other.height, other.channels]).toEqual([width, height, channels]);
          expect(other.data.constructor).toBe(raster.data.constructor);
          expect(other.data.every((value, i) => value === values[i % channels])).toBe(true);
        }
      }
    }
  });

  it("keeps a ramp centred, and returns the raster itself for its own size", async () => {
    const raster = ramp();
    const half = await resample(raster, 24, 16);
    for (let x = 4; x < 20; x++) {
      expect(Math.abs(half.data[x]! - (raster.data[2 * x]! + raster.data[2 * x + 1]!) / 2)).toBeLessThan(40);
    }
    expect(await resample(raster, 48, 32)).toBe(raster);
  });

  it("gives what resizing the whole as floats gives", async () => {
    const raster = createRaster(41, 23, 1, 16);
    for (let i = 0; i < raster.data.length; i++) raster.data[i] = Math.imul(i + 1, 2654435761) >>> 16;
    for (const to of [
      { width: 17, height: 60 },
      { width: 90, height: 5 },
    ]) {
      const planar = meanPlane(toTensor(raster));
      const floats = resizePlanar(planar, { ...raster, channels: 1 }, to, { kernel: kernels.lanczos3 });
      const expected = fromTensor(floats, { ...to, channels: 1, bits: 16 });
      const { data } = await resample(raster, to.width, to.height);
      expect(data.every((value, i) => Math.abs(value - expected.data[i]!) <= 1)).toBe(true);
    }
  });

  it("lets no colour of transparent pixels into visible ones", async () => {
    const raster = createRaster(40, 40, 4);
    for (let i = 0; i < 1600; i++) raster.data.set(i % 40 < 20 ? [200, 100, 50, 255] : [0, 255, 0, 0], 4 * i);
    const { data } = await resample(raster, 23, 23);
    for (let i = 0; i < data.length; i += 4) {
      if (data[i + 3]! > 0) expect([...data.slice(i, i + 3)]).toEqual([200, 100, 50]);
    }
  });

  it("lets other work in, and gives up when told", async () => {
    const large = createRaster(3000, 1500, 3);
    expect(await longestStall(() => resample(large, 1500, 750))).toBeLessThan(150);
    const controller = new AbortController();
    setTimeout(() => controller.abort(new Error("stop")), 20);
    await expect(resample(large, 2999, 1500, { signal: controller.signal })).rejects.toThrow("stop");
  });
});
