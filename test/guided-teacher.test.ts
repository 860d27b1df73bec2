/** A teacher that is trained with masks: its forward process is the one that algorithm 1 has it walk back. */
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, describe, expect, it } from "vitest";
import { exponentialSchedule, forward, pixelwise } from "../src/diffusion/index.js";
import { LATENT_CHANNELS } from "../src/networks/index.js";
import { initialize, type StateDict, trainableScope } from "../src/nn/index.js";
import { localRates } from "../src/train/local-rates.js";
import { teacherLoss } from "../src/train/objectives.js";
import { pixelSpace } from "../src/train/space.js";
import { type TeacherSemantics, teacherNoise, trainTeacher } from "../src/train/teacher.js";
import { always, BATCH, CONFIG, drawnBatch, RUN, SIDE } from "./fixtures/training.js";
import { normals, runGraph } from "./run-graph.js";
import { maxDifference } from "./shared.js";

const directory = mkdtempSync(join(tmpdir(), "samsr-guided-"));
afterAll(() => rmSync(directory, { recursive: true }));

const schedule = exponentialSchedule(RUN.schedule);
const shape = { batch: BATCH, side: SIDE };
const plane = SIDE * SIDE;
const GUIDED: TeacherSemantics = {
  ...{ masks: "regions", maskContext: "crop" },
  ...{ variant: "paper", m: 0.2, modify: "both" },
};
/** Nothing is covered at the left, all of it at the right; the second picture half as much. */
const weight: Float32Array = Float32Array.from(
  { length: BATCH * plane },
  (_, p) => ((p % SIDE) / (SIDE - 1)) * (p < plane ? 1 : 0.5),
);

describe("rates that follow masks", () => {
  const timesteps = [3, 14];
  const rates = (options: Partial<TeacherSemantics>, w: Float32Array = weight) => {
    const { eta, sigma } = localRates(schedule, timesteps, w, shape, { ...GUIDED, ...options });
    return { eta: eta.data as Float32Array, sigma: sigma.data as Float32Array };
  };
  const globalEta = (p: number) => schedule.eta[timesteps[p < plane ? 0 : 1]];

  it("are those of equation 9 at each pixel", () => {
    const { eta, sigma } = rates({});
    for (const p of [0, 5, SIDE - 1, plane, plane + 7, 2 * plane - 1]) {
      const here = globalEta(p) * (1 + 0.2 * weight[p]);
      expect(eta[p]).toBeCloseTo(here, 6);
      expect(sigma[p]).toBeCloseTo(0.3 * (1 - 0.2 * weight[p]) * Math.sqrt(here), 6);
    }
  });

  it.each<[string, Partial<TeacherSemantics>, Float32Array]>([
    ["where nothing is covered", {}, new Float32Array(BATCH * plane)],
    ["at m = 0", { m: 0 }, weight],
    ["by the released code, whose roll-out keeps them", { variant: "release" }, weight],
  ])("are the global ones %s", (_, options, w) => {
    const { eta, sigma } = rates(options, w);
    for (const p of [0, SIDE - 1, 2 * plane - 1]) {
      expect(eta[p]).toBeCloseTo(globalEta(p), 6);
      expect(sigma[p]).toBeCloseTo(0.3 * Math.sqrt(globalEta(p)), 6);
    }
  });

  it("leave the one alone that is not to follow", () => {
    const [eta, kappa] = [rates({ modify: "eta" }), rates({ modify: "kappa" })];
    const last = plane - 1;
    expect(kappa.eta[last]).toBeCloseTo(globalEta(last), 6);
    expect(eta.sigma[last]).toBeCloseTo(0.3 * Math.sqrt(globalEta(last) * 1.2), 6);
    expect(kappa.sigma[last]).toBeCloseTo(0.3 * 0.8 * Math.sqrt(globalEta(last)), 6);
  });
});

describe("the teacher's loss with them", () => {
  const { scope, parameters } = trainableScope();
  const [loss, globalLoss] = (["local", "global"] as const).map((rates) =>
    teacherLoss(scope, CONFIG, shape, pixelSpace(shape), rates),
  );
  const state = initialize(parameters(), 9);
  const noise = normals([BATCH, LATENT_CHANNELS, SIDE, SIDE], 5);
  const feeds = () => ({
    ...Object.fromEntries([...state].map(([name, { data }]) => [name, data])),
    ...drawnBatch(),
    noise,
    t: Float32Array.of(3, 14),
    scale: Float32Array.of(1, 0.95),
  });
  const spread = (values: readonly number[]) =>
    Float32Array.from({ length: BATCH * plane }, (_, p) => values[p < plane ? 0 : 1]);

  it("is the global one where the maps are constant", async () => {
    const [eta, sigma] = [
      [0.2, 0.9],
      [0.1, 0.3],
    ];
    const { y } = await runGraph({ y: loss }, { ...feeds(), eta: spread(eta), sigma: spread(sigma) });
    const global = await runGraph(
      { y: globalLoss },
      { ...feeds(), eta: Float32Array.from(eta), sigma: Float32Array.from(sigma) },
    );
    expect(y[0]).toBeGreaterThan(0);
    expect(y[0] / global.y[0]).toBeCloseTo(1, 5);
  });

  it("is of the x_t of the pixel-wise forward process", async () => {
    const space = pixelSpace(shape);
    const { x0, y } = space.pair(shape);
    const pair = await runGraph({ x0, y }, { ...drawnBatch() });
    const rates = localRates(schedule, [3, 14], weight, shape, GUIDED);
    const size = LATENT_CHANNELS * plane;
    const of = (values: ArrayLike<number>, n: number) =>
      Float32Array.from({ length: size }, (_, i) => values[n * size + i]);
    for (const [n, t] of [3, 14].entries()) {
      const local = pixelwise(weight.subarray(n * plane, (n + 1) * plane), { m: 0.2 });
      const x = forward({
        x0: of(pair.x0, n),
        y: of(pair.y, n),
        noise: of(noise, n),
        eta: local.eta(schedule.eta[t]),
        kappa: local.kappa(schedule.kappa),
      });
      const at = (tensor: { data: unknown }, p: number) => (tensor.data as Float32Array)[n * plane + p];
      const expected = x.map((_, i) => {
        const p = i % plane;
        const [a, b] = [pair.x0[n * size + i], pair.y[n * size + i]];
        return a + at(rates.eta, p) * (b - a) + at(rates.sigma, p) * noise[n * size + i];
      });
      expect(maxDifference(x, expected)).toBeLessThan(1e-5);
    }
  });
});

describe("training a guided teacher", () => {
  const run = (name: string, more: object = {}) =>
    trainTeacher({ ...RUN, batches: always(drawnBatch()), out: join(directory, name), ...more });
  const losses = (name: string) =>
    readFileSync(join(directory, name, "log.jsonl"), "utf8")
      .trim()
      .split("\n")
      .map((line) => JSON.parse(line).loss as number);
  const mean = (values: number[]) => values.reduce((a, b) => a + b, 0) / values.length;

  it("brings its loss down, and is another run than ResShift's", async () => {
    await run("guided", { semantics: GUIDED });
    await run("plain", { steps: 3 });
    const guided = losses("guided");
    expect(mean(guided.slice(-5)) / guided[0]).toBeLessThan(0.6);
    // The first step's prediction is zero whatever the noise: the last layer starts there.
    expect(guided[2]).not.toBe(losses("plain")[2]);
  });

  it("goes on from other weights", async () => {
    const { weights } = await run("first", { steps: 4 });
    const start: StateDict = new Map(
      [...weights.tensors].map(([name, { shape, data }]) => [name, { shape, data: data.slice() }]),
    );
    const still = await run("second", { steps: 1, learningRate: 0, start });
    expect(maxDifference(still.weights.flat, weights.flat)).toBe(0);
    const short = new Map([...start].slice(1));
    await expect(run("third", { start: short })).rejects.toThrow("the weights to start with");
  });

  it("asks batches for what belongs to whole photos", async () => {
    const semantics = { ...GUIDED, maskContext: "photo" } as const;
    expect(teacherNoise({ seed: 1, semantics })).toMatchObject({ kind: "semantic", context: "photo" });
    expect(teacherNoise({ seed: 1 })).toMatchObject({ kind: "plain" });
    await expect(run("photo", { semantics })).rejects.toThrow("have to come with the batches");
  });
});
