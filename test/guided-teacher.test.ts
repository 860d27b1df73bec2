/** A teacher that is trained with masks: its forward process is the one that algorithm 1 has it walk back. */
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, describe, expect, it } from "vitest";
import { exponentialSchedule, inputScale, type PixelwiseOptions } from "../src/diffusion/index.js";
import { LATENT_CHANNELS, pixelDenoiser } from "../src/networks/index.js";
import { initialize, type StateDict, trainableScope } from "../src/nn/index.js";
import * as o from "../src/onnx/index.js";
import { charbonnier } from "../src/train/charbonnier.js";
import { batchNoise } from "../src/train/data/batch-noise.js";
import { pixelSpace } from "../src/train/space.js";
import { type TeacherSemantics, teacherLoss, trainTeacher } from "../src/train/teacher.js";
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
  ...{ variant: "paper", m: 0.2, coefficients: "both" },
};
/** Nothing is covered at the left, all of it at the right; the second picture half as much. */
const weight: Float32Array = Float32Array.from(
  { length: BATCH * plane },
  (_, p) => ((p % SIDE) / (SIDE - 1)) * (p < plane ? 1 : 0.5),
);

describe("the loss of a teacher whose forward process follows masks", () => {
  const { scope, parameters } = trainableScope();
  const timesteps = [3, 14];
  const noise = normals([BATCH, LATENT_CHANNELS, SIDE, SIDE], 5);
  const lossOf = (pixelwise?: PixelwiseOptions) =>
    teacherLoss(scope, CONFIG, shape, { kappa: schedule.kappa, pixelwise });
  const plain = lossOf();
  const state = initialize(parameters(), 9);
  // None of them zero: the last layer begins as nothing, which would say the same of every x_t.
  [...state.values()].forEach(({ shape, data }, i) => {
    normals(shape, 20 + i).forEach((v, k) => {
      data[k] += 0.1 * v;
    });
  });
  const feeds = (w: Float32Array = weight) => ({
    ...Object.fromEntries([...state].map(([name, { data }]) => [name, data])),
    ...drawnBatch(),
    noise,
    weight: w,
    t: Float32Array.from(timesteps),
    eta: Float32Array.from(timesteps, (t) => schedule.eta[t]),
    scale: Float32Array.from(timesteps, (t) => inputScale(schedule.eta[t], schedule.kappa)),
  });

  it.each<[string, PixelwiseOptions, Float32Array]>([
    ["where nothing is covered", {}, new Float32Array(BATCH * plane)],
    ["at m = 0", { m: 0 }, weight],
    ["by the released code, whose chains keep the global rates", { variant: "release" }, weight],
  ])("is the global process's %s", async (_, options, w) => {
    const { loss, global } = await runGraph({ loss: lossOf(options), global: plain }, feeds(w));
    expect(loss[0]).toBeGreaterThan(0);
    expect(loss[0] / global[0]).toBeCloseTo(1, 5);
  });

  it.each(["both", "eta", "kappa"] as const)("is of equation 9's x_t, with W in %s", async (coefficients) => {
    const { x0, lq, y } = pixelSpace(shape).pair(shape);
    const pair = await runGraph({ x0, y }, { ...drawnBatch() });
    const { scale } = feeds();
    const factor = (name: "eta" | "kappa") => (coefficients === "both" || coefficients === name ? 1 : 0);
    const x = Float32Array.from(pair.x0, (original, i) => {
      const n = Math.floor(i / (LATENT_CHANNELS * plane));
      const w = weight[n * plane + (i % plane)];
      const eta = schedule.eta[timesteps[n]] * (1 + 0.2 * w * factor("eta"));
      const kappa = schedule.kappa * (1 - 0.2 * w * factor("kappa"));
      const mean = original + eta * (pair.y[i] - original);
      return (mean + kappa * Math.sqrt(eta) * noise[i]) * scale[n];
    });
    const given = o.input("x", [BATCH, LATENT_CHANNELS, SIDE, SIDE]);
    const predicted = pixelDenoiser(scope, CONFIG, given, o.input("t", [BATCH]), lq, y);
    const graph = { loss: lossOf({ m: 0.2, coefficients }), expected: charbonnier(predicted, x0), plain };
    const result = await runGraph(graph, { ...feeds(), x });
    expect(result.loss[0] / result.expected[0]).toBeCloseTo(1, 5);
    expect(Math.abs(result.loss[0] / result.plain[0] - 1)).toBeGreaterThan(1e-5);
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
    expect(batchNoise({ channels: 48, seed: 1 }, semantics)).toMatchObject({
      kind: "semantic",
      context: "photo",
    });
    expect(batchNoise({ channels: 48, seed: 1 })).toMatchObject({ kind: "plain" });
    await expect(run("photo", { semantics })).rejects.toThrow("have to come with the batches");
  });
});
