import { describe, expect, it } from "vitest";
import { SamsrError } from "../base/errors.js";
import type { PixelModel } from "../checkpoints/index.js";
import { TINY } from "../networks/index.js";
import { emptyCoverage } from "../semantics/index.js";
import { kindOf } from "./kinds/index.js";
import { enlargedSize, resolveSettings, type UpscaleSettings } from "./settings.js";

const model: PixelModel = {
  name: "tiny",
  summary: "for tests",
  licence: "none",
  network: "pixel-denoiser",
  config: TINY,
  m: 0.2,
  weights: { student: "student.safetensors", teacher: "teacher.safetensors" },
  schedule: { steps: 15, power: 0.3, kappa: 0.3, minNoiseLevel: 0.04, etasEnd: 0.99 },
};
const size = { width: 300, height: 200 };
const resolve = (settings: UpscaleSettings) => resolveSettings(settings, size, kindOf(model));

describe("resolveSettings", () => {
  it("fills in what each method takes", () => {
    const { diffusion, ...rest } = resolve({});
    expect(rest).toEqual({ tile: 256, overlap: 8, scale: 4, tiles: "together", trace: false });
    expect(diffusion).toMatchObject({
      method: "samsr",
      steps: 1,
      seed: 0,
      masks: "regions",
      variant: "paper",
    });
    expect(resolve({ method: "sinsr" }).diffusion).toMatchObject({ steps: 1, masks: "none" });
    expect(resolve({ method: "resshift" }).diffusion).toMatchObject({ steps: 15, masks: "none" });
    expect(resolve({ tile: 32 }).overlap).toBe(8);
  });

  it.each<[UpscaleSettings, RegExp]>([
    [{ steps: 0 }, /steps must be a whole number from 1 to 15 .* not 0/],
    [{ steps: 16 }, /steps .* not 16/],
    [{ steps: 1.5 }, /steps/],
    [{ seed: -1 }, /seed/],
    [{ seed: Number.NaN }, /seed/],
    [{ tile: 100 }, /tile must be a whole multiple of 32 pixels, not 100/],
    [{ tile: 0 }, /tile/],
    [{ tile: 64, overlap: 33 }, /overlap/],
    [{ scale: 0 }, /scale must be over 0 and at most 8, not 0/],
    [{ scale: 9 }, /scale/],
    [{ etaScale: 1 }, /etaScale .* from 0 to less than 1, not 1/],
    [{ etaScale: -0.1 }, /etaScale/],
    [{ etaScale: Number.NaN }, /etaScale/],
    [{ kappa: 0 }, /kappa must be over 0 and at most 1000, not 0/],
    [{ kappa: Number.POSITIVE_INFINITY }, /kappa/],
    [{ scale: Number.NaN }, /scale/],
    [{ method: "magic" as "samsr" }, /method must be samsr, sinsr or resshift, not "magic"/],
    [{ variant: "draft" as "paper" }, /variant/],
    [{ coefficients: "m" as "eta" }, /coefficients must be both, eta or kappa, not "m"/],
    [{ masks: "some" as "none" }, /masks/],
    [{ masks: emptyCoverage(200, 300) }, /size, 300 x 200, not 200 x 300/],
    [{ masks: { ...emptyCoverage(300, 200), counts: new Uint16Array(7) } }, /60000 counts/],
    [{ masks: emptyCoverage(300, 200), method: "sinsr" }, /sinsr takes no masks/],
  ])("refuses %j", (settings, message) => {
    expect(() => resolve(settings)).toThrow(SamsrError);
    expect(() => resolve(settings)).toThrow(message);
  });
});

describe("enlargedSize", () => {
  it("rounds, and is never empty", () => {
    expect(enlargedSize({ width: 333, height: 1 }, 1.5)).toEqual({ width: 500, height: 2 });
    expect(enlargedSize({ width: 1, height: 1 }, 1)).toEqual({ width: 1, height: 1 });
  });
});
