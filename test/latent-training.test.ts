/** Teacher and student on the latents of an autoencoder. */
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, describe, expect, it } from "vitest";
import {
  coverageNetwork,
  decodeLatent,
  encodeLatent,
  type SwinUNetConfig,
  type VqConfig,
} from "../src/networks/index.js";
import { frozenScope, initialize, type Scope, type StateDict, trainableScope } from "../src/nn/index.js";
import * as o from "../src/onnx/index.js";
import { latentSpace } from "../src/train/space.js";
import { type StudentOptions, trainStudent } from "../src/train/student.js";
import { type TeacherOptions, trainTeacher } from "../src/train/teacher.js";
import { always, BATCH, CONFIG, CROP, drawnBatch, RUN, SIDE } from "./fixtures/training.js";
import { runGraph } from "./run-graph.js";
import { maxDifference } from "./shared.js";

const directory = mkdtempSync(join(tmpdir(), "samsr-latents-"));
afterAll(() => rmSync(directory, { recursive: true }));

const VQ: VqConfig = { channels: 32, channelMult: [1, 1, 1], resBlocks: 1, latentChannels: 3, codes: 8 };
const NETWORK: SwinUNetConfig = { ...CONFIG, outChannels: 3 };
const COVERAGE = { channels: [4, 8], blocks: [1, 1], groups: 4 };
const batch = drawnBatch();

function random(build: (p: Scope) => unknown, seed: number): StateDict {
  const { scope, parameters } = trainableScope();
  build(scope);
  return initialize(parameters(), seed);
}
const image = o.input("image", [1, 3, CROP, CROP]);
const weights = random((p) => decodeLatent(p, VQ, encodeLatent(p, VQ, image)), 4);

const options = (out: string): TeacherOptions => ({
  ...RUN,
  config: NETWORK,
  batches: always(batch),
  autoencoder: { weights, config: VQ },
  out: join(directory, out),
});

const logged = (out: string, key: string): number[] =>
  readFileSync(join(directory, out, "log.jsonl"), "utf8")
    .trim()
    .split("\n")
    .map((line) => JSON.parse(line)[key]);

describe("training on latents", () => {
  it("takes the latents that the encoder gives for each picture", async () => {
    const space = await latentSpace(weights, VQ, { batch: BATCH, side: SIDE }, { threads: 1 });
    const feeds = await space.feeds(batch);
    await space.release();
    const second = batch.hr.slice(3 * CROP * CROP);
    const { z } = await runGraph({ z: encodeLatent(frozenScope(weights), VQ, image) }, { image: second });
    expect(feeds.x0.shape).toEqual([BATCH, 3, SIDE, SIDE]);
    expect(maxDifference((feeds.x0.data as Float32Array).subarray(3 * SIDE * SIDE), z)).toBeLessThan(1e-5);
    expect(feeds.y.shape).toEqual([BATCH, 3, SIDE, SIDE]);
    expect(maxDifference(feeds.y.data as Float32Array, feeds.x0.data as Float32Array)).toBeGreaterThan(1e-3);
  });

  it("teaches the teacher, and a student with every term of algorithm 1", async () => {
    const teacher = await trainTeacher({ ...options("teacher"), steps: 8 });
    const losses = logged("teacher", "loss");
    expect(losses.at(-1)! / losses[0]).toBeLessThan(0.9);
    const coverage = {
      config: COVERAGE,
      weights: random((p) => coverageNetwork(p, COVERAGE, image), 6),
    };
    const student: StudentOptions = {
      ...options("student"),
      ...{ steps: 4, learningRate: 2e-3, rollOut: 2, distilled: 1, m: 0.2, coverage },
      teacher: new Map(
        [...teacher.weights.tensors].map(([name, { shape, data }]) => [name, { shape, data: data.slice() }]),
      ),
      terms: { distill: 1, inverse: 0.02, gt: 1, fidelity: 0, sc: 0.1 },
    };
    const trained = await trainStudent(student);
    expect(trained.weights.flat.every(Number.isFinite)).toBe(true);
    expect(logged("student", "gt").at(-1)! / logged("student", "gt")[0]).toBeLessThan(1);
    expect(logged("student", "sc").every((v) => v >= 0)).toBe(true);
  });
});
