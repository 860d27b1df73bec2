import { describe, expect, it } from "vitest";
import { nearest, strip } from "../image/drawing/strip.js";
import { createRaster, type Raster } from "../image/raster.js";
import { TINY } from "../networks/index.js";
import type { ResolvedSettings, Upscaler, UpscaleSettings } from "../upscale/index.js";
import { BASELINE, checkMethodName, createMethods, needsModel } from "./methods.js";

function plain(width: number, height: number, level: number): Raster {
  const raster = createRaster(width, height, 3);
  raster.data.fill(level);
  return raster;
}

/** An upscaler that only notes what it is asked. */
function fakeUpscaler() {
  const asked: (UpscaleSettings | ResolvedSettings)[] = [];
  const schedule = { steps: 15, power: 0.3, kappa: 0.3, minNoiseLevel: 0.04, etasEnd: 0.99 };
  const upscaler = {
    model: { network: "pixel-denoiser", config: TINY, schedule, m: 0.2, weights: {} },
    async upscale({ width, height }: Raster, settings: UpscaleSettings | ResolvedSettings) {
      asked.push(settings);
      return { raster: createRaster(4 * width, 4 * height, 3) };
    },
  } as unknown as Upscaler;
  return { upscaler, asked };
}

describe("methods", () => {
  it("interpolations keep a plain picture and need no model", async () => {
    for (const [name, enlarge] of createMethods([BASELINE, "bicubic-catmull-rom"])) {
      expect(needsModel(name)).toBe(false);
      expect(await enlarge(plain(5, 3, 77)), name).toEqual(plain(20, 12, 77));
    }
  });

  it("the two bicubics overshoot an edge by different amounts", async () => {
    const edge = createRaster(8, 8, 3);
    for (let i = 0; i < edge.data.length; i++) edge.data[i] = Math.floor(i / 3) % 8 < 4 ? 100 : 150;
    const [steep, soft] = [...createMethods([BASELINE, "bicubic-catmull-rom"]).values()];
    const least = async (enlarge: typeof steep) => Math.min(...(await enlarge(edge)).data);
    expect(await least(steep)).toBeLessThan(await least(soft));
    expect(await least(soft)).toBeLessThan(100);
  });

  it("names carry the number of steps", async () => {
    const { upscaler, asked } = fakeUpscaler();
    const names = ["samsr", "sinsr", "resshift-1", "resshift-15", "samsr-15"];
    for (const enlarge of createMethods(names, upscaler, { seed: 3 }).values()) await enlarge(plain(2, 2, 0));
    expect(asked.map((settings) => "diffusion" in settings && settings.diffusion)).toMatchObject([
      { method: "samsr", steps: 1, seed: 3, masks: "regions" },
      { method: "sinsr", steps: 1, seed: 3 },
      { method: "resshift", steps: 1, seed: 3 },
      { method: "resshift", steps: 15, seed: 3 },
      { method: "samsr", steps: 15, seed: 3 },
    ]);
  });

  it("refuses what is no method before any work", () => {
    const { upscaler } = fakeUpscaler();
    for (const name of ["magic", "samsr-", "samsr-0", "bicubic-2", "toString"]) {
      expect(() => checkMethodName(name), name).toThrow(/there is no method.*bicubic.*resshift-1/);
    }
    expect(() => createMethods(["resshift-16"], upscaler)).toThrow(/from 1 to 15/);
    expect(() => createMethods(["samsr"])).toThrow(/needs a model/);
  });
});

describe("strips", () => {
  it("stand side by side with white between", () => {
    const { width, height, data } = strip([plain(3, 2, 10), plain(3, 2, 20)]);
    expect([width, height]).toEqual([14, 2]);
    for (let y = 0; y < 2; y++) {
      const row = Array.from({ length: 14 }, (_, x) => data[(y * 14 + x) * 3 + 1]);
      expect(row).toEqual([10, 10, 10, ...Array(8).fill(255), 20, 20, 20]);
    }
    expect(() => strip([plain(3, 2, 10), plain(2, 3, 10)])).toThrow(/different sizes/);
  });

  it("nearest repeats every pixel", () => {
    const small = createRaster(2, 2, 3);
    small.data.set([1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12]);
    const large = nearest(small, 4);
    expect([large.width, large.height]).toEqual([8, 8]);
    const at = (x: number, y: number) => [...large.data.subarray((y * 8 + x) * 3, (y * 8 + x) * 3 + 3)];
    expect([at(0, 0), at(3, 3), at(4, 3), at(3, 4), at(7, 7)]).toEqual([
      [1, 2, 3],
      [1, 2, 3],
      [4, 5, 6],
      [7, 8, 9],
      [10, 11, 12],
    ]);
  });
});
