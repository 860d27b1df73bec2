/**
 * A second teacher: its pictures are made once, come with the crops, and are what the student is taught to
 * equal.
 */
import { mkdirSync, readdirSync, readFileSync, statSync } from "node:fs";
import { join } from "node:path";
import { runTraining } from "samsr/train";
import sharp from "sharp";
import { afterAll, afterEach, beforeAll, describe, expect, it, vi } from "vitest";
import { createRandom } from "../src/base/random.js";
import { exponentialSchedule } from "../src/diffusion/index.js";
import { encodeToFile } from "../src/image/index.js";
import { trainableScope } from "../src/nn/index.js";
import * as o from "../src/onnx/index.js";
import { charbonnier } from "../src/train/charbonnier.js";
import { readTrainingConfig, studentOptions } from "../src/train/config/index.js";
import { openSavedPairs } from "../src/train/data/saved-pairs.js";
import { secondTeacherPictures } from "../src/train/run/second-teacher.js";
import { type StudentWeights, studentLoss } from "../src/train/student.js";
import type { StudentExtras } from "../src/train/terms/index.js";
import { structureLoss } from "../src/train/terms/structure.js";
import { temporaryFolder } from "./fixtures/cli.js";
import { photoLike } from "./fixtures/pictures.js";
import { smallDescription, writeSmallModel } from "./fixtures/small-model.js";
import { CONFIG } from "./fixtures/training.js";
import { normals, runGraph } from "./run-graph.js";

const folder = temporaryFolder();
const { path } = folder;
afterAll(folder.remove);
afterEach(() => vi.unstubAllEnvs());

const names = ["a", "below/b"];
beforeAll(async () => {
  for (const [i, name] of names.entries()) {
    for (const [part, side] of [
      ["hr", 64],
      ["lr", 16],
      ["given", 64],
    ] as const) {
      const file = path(part === "given" ? "given" : join("pairs", part), `${name}.png`);
      mkdirSync(join(file, ".."), { recursive: true });
      const picture = photoLike(side, side);
      // Red tells the column, green the row and blue the picture, so that a crop says where it is from.
      for (let p = 0; p < side * side; p++) {
        const unit = side / 16;
        picture.data.set([(p % side) / unit, Math.floor(p / side) / unit, 100 * i + part.length], 3 * p);
      }
      await encodeToFile(picture, file, { format: "png" });
    }
  }
});

const pictures = (secondTeacher: string, run = {}) =>
  secondTeacherPictures(secondTeacher, [path("pairs")], run);

describe("the second teacher's pictures", () => {
  it("are those of a folder, by the names of the pairs, cut and turned as the pair is", async () => {
    const files = await pictures(path("given"));
    const source = await openSavedPairs([path("pairs")], 32, undefined, undefined, undefined, files);
    for (let n = 0; n < 12; n++) {
      const { hr, taught } = await source.sample(n % 2, 32, createRandom(4, n), true);
      const plane = 32 * 32;
      expect(taught!.subarray(0, 2 * plane)).toEqual(hr.subarray(0, 2 * plane));
      expect(Math.round((taught![2 * plane] - hr[2 * plane]) * 127.5)).toBe("given".length - "hr".length);
    }
  });

  it("need pairs, one for each, of their size", async () => {
    await expect(secondTeacherPictures(path("given"), [path("given")], {})).rejects.toThrow(
      /a second teacher needs pairs, .* "samsr degrade .*--degradation blind/,
    );
    mkdirSync(path("short", "below"), { recursive: true });
    await encodeToFile(photoLike(64, 64), path("short", "a.png"), { format: "png" });
    await expect(pictures(path("short"))).rejects.toThrow(
      /short: has no picture called below\/b, for .*b\.png/,
    );
    await encodeToFile(photoLike(32, 64), path("short", "below", "b.png"), { format: "png" });
    await expect(pictures(path("short"))).rejects.toThrow(/b\.png has 32 x 64 pixels, and .* 64 x 64/);
    await expect(pictures("coverage-tiny")).rejects.toThrow(/enlarges no pictures/);
  });
});

describe("the student's loss by a second teacher", () => {
  const shape = { batch: 2, side: 8, distilled: 1 };
  const build = (more: Partial<StudentWeights>, detailTarget?: StudentExtras["detailTarget"]) => {
    const { scope, parameters } = trainableScope();
    const large = o.input("second", [2, 3, 32, 32]);
    const terms = { distill: 0, inverse: 0, gt: 0, ...more };
    const process = { schedule: exponentialSchedule() };
    const extras = { taught: o.spaceToDepth(large, 4), detailTarget };
    return { ...studentLoss(scope, CONFIG, shape, terms, process, extras), large, parameters };
  };

  it("has the distance to its picture, and judges detail against it where that is asked for", async () => {
    const { loss, reports, x0Hat, large, parameters } = build(
      { absolute: 1, taught: 0.7, structure: 0.3 },
      "second teacher",
    );
    const hr = o.input("hr", [2, 3, 32, 32]);
    const expected = {
      byTaught: charbonnier(x0Hat, o.spaceToDepth(large, 4)),
      byOriginal: charbonnier(x0Hat, o.spaceToDepth(hr, 4)),
      byDetail: structureLoss(o.depthToSpace(x0Hat, 4), large),
    };
    const feeds: Record<string, Float32Array> = {
      ...{ hr: normals([2, 3, 32, 32], 1), second: normals([2, 3, 32, 32], 4) },
      ...{ lq: normals([2, 3, 8, 8], 2), xT: normals([2, 48, 8, 8], 3) },
    };
    parameters().forEach(({ name, value }, i) => {
      feeds[name] = normals(value.shape, 10 + i).map((v) => 0.1 * v);
    });
    const { taught, absolute, structure } = reports;
    const result = await runGraph({ loss, taught, absolute, structure, ...expected }, feeds);
    expect(result.taught[0]).toBeCloseTo(result.byTaught[0], 6);
    expect(result.absolute[0]).toBeCloseTo(result.byOriginal[0], 6);
    expect(result.structure[0]).toBeCloseTo(result.byDetail[0], 6);
    expect(Math.abs(result.byTaught[0] - result.byOriginal[0])).toBeGreaterThan(1e-3);
    const sum = result.absolute[0] + 0.7 * result.taught[0] + 0.3 * result.structure[0];
    expect(result.loss[0] / sum).toBeCloseTo(1, 5);
  });

  it("is taught by nothing that a configuration does not name", () => {
    const text = (more: string, student = "") =>
      `train: student\nspace: pixels\nnetwork: ${JSON.stringify(CONFIG)}\n${more}\n` +
      `student: { terms: { distill: 0, inverse: 0, gt: 0, sc: 0, absolute: 1 ${student}`;
    const options = (yaml: string) => {
      const config = readTrainingConfig(yaml, "x.yaml");
      return config.train === "student" ? studentOptions(config) : undefined;
    };
    expect(options(text("", "} }"))!.terms.taught).toBe(0);
    expect(options(text("secondTeacher: x4plus", "} }"))!.terms.taught).toBe(1);
    expect(() => options(text("", "}, detailTarget: second teacher }"))).toThrow(/no "secondTeacher"/);
    expect(() => options(text("secondTeacher: x4plus", ", taught: 0 } }"))).toThrow(/nothing is taught/);
  });
});

it("makes a model's pictures once, and teaches a student of a run by them", async () => {
  vi.stubEnv("SAMSR_CACHE", path("cache"));
  const teacher = writeSmallModel();
  const yaml = [
    "train: student",
    "space: pixels",
    `network: ${JSON.stringify(smallDescription.config)}`,
    "schedule: { steps: 15, kappa: 0.3 }",
    `data: { photos: [${path("pairs")}], crop: 64, batch: 1 }`,
    "optimiser: { steps: 2, learningRate: 1e-4 }",
    `teacher: ${join(teacher, "teacher.safetensors")}`,
    `secondTeacher: ${teacher}`,
    "student: { masks: none, detailTarget: second teacher,",
    "  terms: { distill: 0, inverse: 0, gt: 0, sc: 0, structure: 0.5, adversarial: 0.1 } }",
    "discriminator: { channels: [8, 8], sees: grey, learningRate: 1e-4, gamma: 0.002 }",
  ].join("\n");
  const config = readTrainingConfig(yaml, "x.yaml");
  const lines: string[] = [];
  const run = {
    out: path("run", "x").slice(0, -2),
    threads: 1,
    report: (line: string) => void lines.push(line),
  };
  const stop = new AbortController();
  stop.abort();
  await expect(pictures(teacher, { signal: stop.signal })).rejects.toThrow(/abort/);
  expect(await runTraining(config, { ...run, prepare: true })).toBe(run.out);
  expect(lines.splice(0)).toEqual([
    "small: 2 of 2 pictures (0 of them made before)",
    "prepared; the same command without --prepare trains",
  ]);
  expect(readdirSync(run.out)).toEqual([]);
  const kept = readdirSync(path("cache", "second-teacher")).map((name) =>
    path("cache", "second-teacher", name),
  );
  const sizes = await Promise.all(kept.map((file) => sharp(file).metadata()));
  expect(sizes.map(({ width, height }) => [width, height])).toEqual([
    [64, 64],
    [64, 64],
  ]);
  const times = kept.map((file) => statSync(file).mtimeMs);

  expect(await runTraining(config, run)).toBe(join(run.out, "student.safetensors"));
  expect(lines[0]).toBe("small: 2 of 2 pictures (2 of them made before)");
  expect(kept.map((file) => statSync(file).mtimeMs)).toEqual(times);
  expect(readFileSync(join(run.out, "log.jsonl"), "utf8")).toMatch(
    /"structure":.*"taught":|"taught":.*"structure":/,
  );
}, 60_000);
