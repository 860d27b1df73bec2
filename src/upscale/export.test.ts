import { rmSync } from "node:fs";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { photoLike } from "../../test/fixtures/pictures.js";
import { writeLatentModel } from "../../test/fixtures/small-latent-model.js";
import { writeSmallModel } from "../../test/fixtures/small-model.js";
import { maxDifference } from "../../test/shared.js";
import type { UpscalingModel } from "../checkpoints/index.js";
import type { InstalledModel } from "../checkpoints/store/index.js";
import { type Raster, toTensor } from "../image/raster.js";
import { createSession, floatTensor } from "../runtime/index.js";
import {
  type Coverage,
  coverBackground,
  createNoise,
  emptyCoverage,
  semanticWeight,
} from "../semantics/index.js";
import { confine } from "./confine.js";
import { enlarge } from "./enlarge.js";
import { exportModel } from "./export.js";
import { kindOf } from "./kinds/index.js";
import { findPart, findUpscalingModel } from "./model.js";
import { runnerHere } from "./runner.js";
import { createSessions, type Sessions } from "./sessions.js";
import { resolveSettings, type UpscaleSettings } from "./settings.js";

const folders: string[] = [];
const models: Record<string, InstalledModel<UpscalingModel>> = {};
const sessionsOf = new Map<InstalledModel, Sessions>();
beforeAll(async () => {
  folders.push(writeSmallModel(), writeLatentModel());
  for (const folder of folders) {
    const model = await findUpscalingModel(folder);
    models[model.description.network] = model;
    const weights = (part: string) => findPart(model, part);
    sessionsOf.set(
      model,
      createSessions({ name: "", kind: kindOf(model.description) }, weights, { device: "cpu", threads: 1 }),
    );
  }
});
afterAll(async () => {
  for (const sessions of sessionsOf.values()) await sessions.release();
  for (const folder of folders) rmSync(folder, { recursive: true });
});

const idle = { progress: () => {}, cancelled: () => false, checkpoint: async () => {} };

/** In 16 bits, so that rounding hides little. */
function picture(width: number, height: number): Raster {
  const raster = photoLike(width, height);
  return { ...raster, data: Uint16Array.from(raster.data, (value) => value * 257) };
}

async function upscaled(model: InstalledModel<UpscalingModel>, small: Raster, settings: UpscaleSettings) {
  const resolved = resolveSettings(settings, small, kindOf(model.description));
  const { raster } = await enlarge(small, resolved, runnerHere(sessionsOf.get(model)!), "cpu", idle);
  return Float32Array.from(raster.data, (value) => value / 65535);
}

async function exported(
  model: InstalledModel<UpscalingModel>,
  small: Raster,
  given: Coverage,
  options: Parameters<typeof exportModel>[2] & { backend?: "node" | "web"; seed?: number } = {},
) {
  const { backend = "node", seed = 0, ...rest } = options;
  const { width, height } = small;
  const { pieces, inputs } = await exportModel(model, small, rest);
  const bytes = Buffer.concat([...pieces()]);
  const session = await createSession(bytes, { backend, device: "cpu", threads: 1 });
  expect([...session.inputs].sort()).toEqual(["lq", "noise", "weight"]);
  const [, channels] = inputs.find(({ name }) => name === "noise")!.shape;
  const variant = rest.variant ?? ("variant" in model.description ? model.description.variant : "paper");
  // The released code covers what no mask does.
  const coverage = variant === "release" ? coverBackground(given) : given;
  const noise = createNoise({ seed, width, height, channels, coverage, variant });
  const { hr } = await session.run({
    lq: floatTensor(
      [1, 3, height, width],
      toTensor(small).map((value) => (value + 1) / 2),
    ),
    noise: floatTensor([1, channels, height, width], noise.fill(0, 0, width, height)),
    weight: floatTensor([1, 1, height, width], semanticWeight(coverage)),
  });
  await session.release();
  expect(hr.shape).toEqual([1, 3, 4 * height, 4 * width]);
  // The file is the network; what keeps a model of pixels within the small picture comes after it.
  if (model.description.network === "pixel-denoiser") {
    const large = (hr.data as Float32Array).map((value) => 2 * value - 1);
    confine(large, toTensor(small), { width, height, scale: 4 }).forEach((value, i) => {
      hr.data[i] = (value + 1) / 2;
    });
  }
  const plane = 16 * width * height;
  const data = Float32Array.from(
    { length: 3 * plane },
    (_, i) => hr.data[(i % 3) * plane + Math.floor(i / 3)] as number,
  );
  return { data, bytes };
}

/** Nested rectangles. */
function masks(width: number, height: number): Coverage {
  const coverage = emptyCoverage(width, height);
  for (let y = 0; y < height; y++)
    for (let x = 0; x < width; x++) coverage.counts[y * width + x] = Number(x > 4) + Number(x > 9 && y > 3);
  return coverage;
}

describe.each(["pixel-denoiser", "latent-denoiser"])("the file of a %s", (network) => {
  it.each([
    [37, 21, {}],
    [32, 32, { variant: "paper", etaScale: 0.5, kappa: 1, coefficients: "eta" }],
    [3, 1, { variant: "release" }],
  ] as const)("makes of %i x %i pixels what samsr makes of them %j", async (width, height, options) => {
    const small = picture(width, height);
    const coverage = masks(width, height);
    const expected = await upscaled(models[network], small, { ...options, masks: coverage, seed: 4 });
    expect(new Set(expected).size).toBeGreaterThan(width > 3 ? 100 : 10);
    const { data } = await exported(models[network], small, coverage, { ...options, seed: 4 });
    // Beside the right and the lower edge bicubic sees the tile's reflection here, and repeats the edge
    // there.
    const beside = network === "pixel-denoiser" && width % 8 !== 0 ? 2 : 0;
    const inside = (_: number, i: number) => {
      const pixel = Math.floor(i / 3);
      return pixel % (4 * width) < 4 * (width - beside) && pixel < 16 * width * Math.max(height - beside, 1);
    };
    expect(maxDifference(data.filter(inside), expected.filter(inside))).toBeLessThan(
      height > 1 ? 1e-4 : 0.02,
    );
  });

  it("gives the same in onnxruntime-web, and nearly the same at half the size", async () => {
    const small = picture(19, 13);
    const coverage = masks(19, 13);
    const whole = await exported(models[network], small, coverage);
    const web = await exported(models[network], small, coverage, { backend: "web" });
    expect(maxDifference(web.data, whole.data)).toBeLessThan(1e-4);
    const half = await exported(models[network], small, coverage, { precision: "float16" });
    expect(half.bytes.length).toBeLessThan(0.7 * whole.bytes.length);
    const mean = half.data.reduce((sum, v, i) => sum + Math.abs(v - whole.data[i]), 0) / half.data.length;
    expect(mean).toBeLessThan(0.01);
    expect(mean).toBeGreaterThan(0);
  });

  it("says whose it is", async () => {
    const { pieces } = await exportModel(models[network], { width: 8, height: 8 });
    const text = Buffer.concat([...pieces()]).toString("latin1");
    for (const word of [
      models[network].description.name,
      "licence",
      "none",
      "from 0 to 1",
      "8x8",
      "both",
      "sam",
    ]) {
      expect(text).toContain(word);
    }
  });
});
