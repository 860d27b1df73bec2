/** Students whose masks are Segment Anything's, and masks that lie in files: found once, kept, and used. */
import { copyFileSync, mkdirSync, mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import sharp from "sharp";
import { afterAll, beforeAll, describe, expect, it, vi } from "vitest";
import { readWeights, saveWeights } from "../src/train/checkpoint.js";
import { checkedConfig, type StudentConfig } from "../src/train/config/index.js";
import { trainTeacher } from "../src/train/teacher.js";
import { always, CONFIG, drawnBatch, RUN } from "./fixtures/training.js";
import { hasShared, sharedPath } from "./shared.js";

// The built package: the threads that make batches and ask Segment Anything are files of it.
const built = new URL("../dist/train/run/index.js", import.meta.url).href;
await import(new URL("./fixtures/plain-sessions.mjs", import.meta.url).href);
const { runTraining } = (await import(built)) as typeof import("../src/train/run/index.js");

const root = mkdtempSync(join(tmpdir(), "samsr-student-masks-"));
const path = (...parts: string[]) => join(root, ...parts);
afterAll(() => {
  vi.unstubAllEnvs();
  rmSync(root, { recursive: true });
});

beforeAll(async () => {
  vi.stubEnv("SAMSR_CACHE", path("cache"));
  vi.stubEnv("SAMSR_TESTS_PLAIN_SESSIONS", "1");
  mkdirSync(path("photos"));
  for (const [i, level] of [60, 140, 230].entries()) {
    const disc = `<svg width="96" height="80"><circle cx="${30 + 12 * i}" cy="40" r="20" fill="rgb(${level},${level},90)"/></svg>`;
    const create = { width: 96, height: 80, channels: 3 as const, background: { r: 20, g: 30, b: 40 } };
    await sharp({ create })
      .composite([{ input: Buffer.from(disc) }])
      .png()
      .toFile(path("photos", `${i}.png`));
  }
  const { weights, average } = await trainTeacher({
    ...{ ...RUN, steps: 1, out: path("teacher") },
    batches: always(drawnBatch()),
  });
  const metadata = { network: "pixel-denoiser", steps: "1" };
  await saveWeights(path("teacher.safetensors"), weights, average, { precision: "float32", metadata });
}, 120_000);

function config(student: object, steps: number): StudentConfig {
  const { minNoiseLevel, etasEnd, ...schedule } = RUN.schedule;
  return checkedConfig(
    {
      ...{ train: "student", space: "pixels", teacher: path("teacher.safetensors"), network: CONFIG },
      schedule: { ...schedule, minNoiseLevel, etasEnd },
      data: { photos: [path("photos")], degradation: "bicubic", crop: 64, batch: 1, seed: 3 },
      optimiser: { steps, learningRate: 1e-3 },
      student: {
        rollOut: 2,
        maskContext: "photo",
        terms: { distill: 1, inverse: 1, gt: 1, sc: 0 },
        ...student,
      },
    },
    "the test",
  ) as StudentConfig;
}

async function run(out: string, student: object, steps: number, resume = false) {
  const lines: string[] = [];
  const report = (line: string) => lines.push(line);
  const file = await runTraining(config(student, steps), { out: path(out), resume, threads: 1, report });
  const weights = await readWeights(file!);
  return { masks: lines.findLast((line) => line.startsWith("masks:")), weights };
}

describe.skipIf(!hasShared)("a student by Segment Anything", () => {
  const sam = {
    masks: "sam",
    sam: sharedPath("reference", "sam-small", "checkpoint.pth"),
    samOptions: { pointsPerSide: 4, predIouThresh: -10, stabilityScoreThresh: 0 },
  };

  it("has each photo's masks found once, whatever the steps, and resumes to the same weights", async () => {
    // Four steps of one crop are more than an epoch of three photos.
    const whole = await run("whole", sam, 4);
    expect(whole.masks).toBe("masks: 3 of 3 pictures (0 of them found before)");
    await run("parts", sam, 2);
    const resumed = await run("parts", sam, 4, true);
    expect(resumed.masks).toBe("masks: 3 of 3 pictures (3 of them found before)");
    expect(resumed.weights).toEqual(whole.weights);
    const none = await run("none", { masks: "none" }, 4);
    expect(none.weights).not.toEqual(whole.weights);
  }, 300_000);
});

it("a student takes masks from files by photo name, and says which photo has none", async () => {
  const mask = await sharp({ create: { width: 48, height: 80, channels: 3, background: "white" } })
    .extend({ right: 48, background: "black" })
    .png()
    .toBuffer();
  for (const i of [0, 1]) {
    mkdirSync(path("masks", `${i}`), { recursive: true });
    await sharp(mask).toFile(path("masks", `${i}`, "left.png"));
  }
  // What lies in files is of whole photos, whatever the context.
  const student = { masks: path("masks"), maskContext: "crop" };
  await expect(run("files", student, 1)).rejects.toThrow(/no masks of the photo 2\.png/);
  copyFileSync(path("masks", "0", "left.png"), path("masks", "2.png"));
  const { masks } = await run("files", student, 1);
  expect(masks).toBe("masks: 3 of 3 pictures (2 of them found before)");
  await expect(run("for nothing", { masks: path("nowhere") }, 1)).rejects.toThrow(
    /nowhere: no such folder; expected regions, network, sam, none, or a folder of masks/,
  );
}, 300_000);
