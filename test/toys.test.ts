/** What a contributor adds is one file and one line in an index: a sampler, a term of the loss, a metric. */
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect, it, vi } from "vitest";
import { evaluateCommand } from "../src/cli/evaluate/run.js";
import type { Method, Sampler } from "../src/diffusion/index.js";
import { exponentialSchedule, SAMPLERS, sample } from "../src/diffusion/index.js";
import { checkMethodName } from "../src/evaluate/methods.js";
import { encodeToFile } from "../src/image/index.js";
import { initialize, trainableScope } from "../src/nn/index.js";
import { configSchema, readTrainingConfig, studentOptions } from "../src/train/config/index.js";
import { studentLoss } from "../src/train/student.js";
import { enlarge } from "../src/upscale/enlarge.js";
import { kindOf } from "../src/upscale/kinds/index.js";
import { runnerHere } from "../src/upscale/runner.js";
import { createSessions } from "../src/upscale/sessions.js";
import { resolveSettings } from "../src/upscale/settings.js";
import { photoLike } from "./fixtures/pictures.js";
import { smallDescription, smallWeights } from "./fixtures/small-model.js";
import { CONFIG, drawnBatch, SIDE } from "./fixtures/training.js";
import { normals, runGraph } from "./run-graph.js";

type Index<T> = Record<string, T>;

vi.mock("../src/diffusion/samplers/index.js", async (original) => {
  const { SAMPLERS } = await original<{ SAMPLERS: Index<Sampler> }>();
  const { toy } = await import("./fixtures/toy-sampler.js");
  return { SAMPLERS: { ...SAMPLERS, toy }, METHODS: [...Object.keys(SAMPLERS), "toy"] };
});

vi.mock("../src/train/terms/index.js", async (original) => {
  const index = await original<{ TERMS: Index<unknown> }>();
  const { toy } = await import("./fixtures/toy-term.js");
  return { ...index, TERMS: { ...index.TERMS, toy } };
});

vi.mock("../src/evaluate/metrics/index.js", async (original) => {
  const index = await original<{ METRICS: Index<unknown>; METRIC_NAMES: string[] }>();
  const { toy } = await import("./fixtures/toy-metric.js");
  return { ...index, METRICS: { ...index.METRICS, toy }, METRIC_NAMES: [...index.METRIC_NAMES, "toy"] };
});

const method = "toy" as Method;

it("walks a chain by a sampler of one file", async () => {
  const schedule = exponentialSchedule();
  const x0Hat = Float32Array.of(0.25, -0.5);
  const y = Float32Array.of(1, 0.5);
  const seen: [number, Float32Array][] = [];
  await sample({
    ...{ sampler: SAMPLERS[method], schedule, y, noise: Float32Array.of(1, 2), steps: 3 },
    denoiser: () => x0Hat.slice(),
    onStep: ({ timestep, x }) => seen.push([timestep, x]),
  });
  expect(seen.map(([timestep]) => timestep)).toEqual([14, 9, 4]);
  for (const [i, next] of [9, 4].entries()) {
    const eta = schedule.eta[next];
    for (const p of [0, 1]) expect(seen[i][1][p]).toBeCloseTo((1 - eta) * x0Hat[p] + eta * y[p], 6);
  }
  expect(seen[2][1]).toEqual(x0Hat);
});

it("upscales by it, and knows it wherever methods are named", async () => {
  const kind = kindOf(smallDescription);
  const raster = photoLike(16, 16);
  const weights = async (part: string) => ({ tensors: smallWeights(part === "student" ? 1 : 2) });
  const sessions = createSessions({ name: "small", kind }, weights, { device: "cpu", threads: 1 });
  const upscaled = async (name: Method, steps?: number) => {
    const settings = resolveSettings({ method: name, steps }, raster, kind);
    const idle = { progress: () => {}, cancelled: () => false, checkpoint: async () => {} };
    return { settings, ...(await enlarge(raster, settings, runnerHere(sessions), "cpu", idle)) };
  };
  const toy = await upscaled(method, 3);
  expect(toy.info).toMatchObject({ method: "toy", steps: 3, masks: "none" });
  expect(toy.raster.data).not.toEqual((await upscaled("resshift", 3)).raster.data);
  expect(toy.raster.data).toEqual((await upscaled(method, 3)).raster.data);
  await sessions.release();
  expect(resolveSettings({ method }, raster, kind).diffusion?.steps).toBe(15);
  expect(() => resolveSettings({ method: "teddy" as Method }, raster, kind)).toThrow(/resshift or toy/);
  expect(() => checkMethodName("toy-3")).not.toThrow();
});

it("teaches a student by a term of one file, which configurations know", async () => {
  const recipe = readFileSync(new URL("../configs/tiny-student.yaml", import.meta.url), "utf8");
  const config = readTrainingConfig(recipe.replace(/terms: .*/, "terms: { toy: 0.5 }"), "x.yaml");
  if (config.train !== "student") throw new Error("not a student");
  const terms = studentOptions(config).terms;
  expect(terms).toMatchObject({ toy: 0.5, fidelity: 0 });
  expect(JSON.stringify(configSchema())).toContain("The mean of the single step against that");

  const { scope, parameters } = trainableScope();
  const process = { schedule: exponentialSchedule() };
  const only = { ...terms, distill: 0, inverse: 0, gt: 0, sc: 0 };
  const shape = { batch: 2, side: SIDE, distilled: 1 };
  const { loss, reports, x0Hat } = studentLoss(scope, CONFIG, shape, only, process);
  expect(Object.keys(reports)).toEqual(["toy"]);
  const weights = initialize(parameters(), 1);
  const { hr: drawn, lq } = drawnBatch();
  const hr = drawn.map((v) => v + 0.5);
  const result = await runGraph(
    { loss, x0Hat, toy: reports.toy },
    {
      ...Object.fromEntries([...weights].map(([name, { data }]) => [name, data])),
      lq,
      hr,
      xT: normals([2, 48, SIDE, SIDE], 3),
    },
  );
  const mean = (values: ArrayLike<number>) => Array.from(values).reduce((a, b) => a + b, 0) / values.length;
  const expected = Math.abs(mean(result.x0Hat) - mean(hr));
  expect(expected).toBeGreaterThan(0.1);
  expect(result.toy[0]).toBeCloseTo(expected, 5);
  expect(result.loss[0]).toBeCloseTo(expected / 2, 5);
});

it("measures a folder by a metric of one file, and prints its column", async () => {
  const folder = mkdtempSync(join(tmpdir(), "samsr-toy-metric-"));
  const photo = photoLike(40, 30);
  await encodeToFile(photo, join(folder, "a.png"), { format: "png" });
  const written: string[] = [];
  const write = vi.spyOn(process.stdout, "write").mockImplementation((text, done) => {
    written.push(String(text));
    (done as unknown as () => void)();
    return true;
  });
  const options = {
    pred: [folder],
    border: 0,
    metrics: "toy",
    device: "cpu",
    json: true,
    quiet: true,
  } as const;
  const run = (extra: object) => evaluateCommand({ ...options, ...extra }, new AbortController().signal);
  expect(await run({})).toBe(0);
  const mean = Array.from<number>(photo.data).reduce((sum, value) => sum + value, 0) / photo.data.length;
  expect(JSON.parse(written.splice(0).join("")).folders[0].mean.toy).toBeCloseTo(mean, 6);
  expect(await run({ json: false })).toBe(0);
  expect(written.splice(0).join("")).toMatch(new RegExp(`Mean[^]*${mean.toFixed(1)}`));
  await expect(run({ metrics: "teddy" })).rejects.toThrow(/there are psnr, ssim, .*musiq-ava, toy/);
  write.mockRestore();
  rmSync(folder, { recursive: true });
});
