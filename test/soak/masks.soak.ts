/**
 * Students by Segment Anything that are killed, while masks are sought and while steps are made: each photo's
 * masks are found once, and the end is the same to the bit.
 */
import { existsSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from "node:fs";
import sharp from "sharp";
import { afterAll, describe, expect, it } from "vitest";
import { stringify } from "yaml";
import { drawing, start, temporaryFolder } from "../fixtures/cli.js";
import { hasShared, sharedPath } from "../shared.js";
import { KILLED, ROUNDS, roundOf } from "./soak.js";

const { path, remove } = temporaryFolder();
const cwd = path(".");
afterAll(remove);

const PHOTOS = 40;
/** Each photo is drawn twice. */
const STEPS = 2 * PHOTOS;
const CONFIG = {
  train: "student",
  space: "pixels",
  teacher: "teacher/teacher.safetensors",
  network: {
    ...{ outChannels: 48, modelChannels: 32, channelMult: [1], resBlocks: [1], imageSize: 16 },
    attentionResolutions: [],
    swin: { embed: 32, depth: 2, headChannels: 16, window: 8, mlpRatio: 1, masking: "neighbours" },
  },
  data: { photos: ["photos"], degradation: "bicubic", crop: 64, batch: 1 },
  optimiser: { steps: STEPS, learningRate: 1e-3 },
  student: {
    ...{ masks: "sam", maskContext: "photo", rollOut: 2 },
    samOptions: { pointsPerSide: 4, predIouThresh: -10, stabilityScoreThresh: 0 },
  },
};

/** Cuts of real photos: their masks are many and unlike. */
async function cutPhotos() {
  const folder = sharedPath("data", "train", "free");
  const names = readdirSync(folder).filter((name) => name.endsWith(".jpg"));
  for (const name of names.slice(0, PHOTOS)) {
    await sharp(`${folder}/${name}`)
      .resize(160, 128)
      .png()
      .toFile(path("photos", `${name}.png`));
  }
}

async function teachTeacher() {
  await drawing({ width: 160, height: 140 }).png().toFile(path("drawn", "one.png"));
  const { student: _, teacher: __, ...config } = CONFIG;
  const teacher = { ...config, train: "teacher", data: { ...config.data, photos: ["drawn"] } };
  writeFileSync(path("teacher.yaml"), stringify(teacher));
  const words = ["train", "teacher", "--config", "teacher.yaml", "-o", "teacher", "--steps", "1"];
  const { code, stderr } = await start(words, { cwd }).finished;
  expect(code, stderr).toBe(0);
}

describe.skipIf(!hasShared)("students by Segment Anything (skipped when ../shared is missing)", () => {
  it(`that are killed ${ROUNDS} times find each photo's masks once, and end alike`, async () => {
    await cutPhotos();
    await teachTeacher();
    writeFileSync(path("student.yaml"), stringify(CONFIG));
    const checkpoint = sharedPath("reference", "sam-small", "checkpoint.pth");
    const begin = (out: string) => [
      ...["train", "student", "--config", "student.yaml", "--sam", checkpoint, "-o", out],
      ...["--threads", "1", "--save-minutes", "1e-6"],
    ];
    process.env.SAMSR_CACHE = path("cache", "whole");
    const whole = await start(begin("whole"), { cwd }).finished;
    expect(whole.code, whole.stderr).toBe(0);
    expect(whole.stderr).toContain(`masks: ${PHOTOS} of ${PHOTOS} pictures (0 of them found before)\n`);
    const weights = (out: string) => readFileSync(path(out, "student.safetensors"));

    process.env.SAMSR_CACHE = path("cache", "killed");
    const hasState = () => existsSync(path("killed", "state.safetensors"));
    // Which file holds a photo's masks: one that were made anew would be another.
    const kept = () => {
      const folder = path("cache", "killed", "coverage");
      const files = (existsSync(folder) ? readdirSync(folder) : []).filter((name) => !name.startsWith("."));
      return new Map(files.map((name) => [name, statSync(`${folder}/${name}`).ino]));
    };
    const lifetime = Math.ceil(whole.milliseconds);
    const at: string[] = [];
    for (let [round, ended] = [0, 0]; ended < 1 || at.length < ROUNDS; round++) {
      const before = kept();
      const random = roundOf(4, round);
      const words = hasState() ? [...begin("killed"), "--resume"] : begin("killed");
      const { child, finished } = start(words, { cwd });
      // While masks are sought, after some photos more; then, at some moment. The last run goes to its end.
      const enough = before.size < PHOTOS ? before.size + 1 + random.integer(12) : Number.POSITIVE_INFINITY;
      const late = performance.now() + random.integer(lifetime);
      const kill = () => {
        const due = enough < PHOTOS ? kept().size >= enough : performance.now() >= late;
        if (due && at.length < ROUNDS) child.kill("SIGKILL");
      };
      const watch = setInterval(kill, 5);
      const { code, stderr } = await finished;
      clearInterval(watch);
      const now = kept();
      for (const [name, node] of before) expect(now.get(name), "masks that were kept").toBe(node);
      if (code === KILLED) {
        at.push(hasState() ? "steps" : `${now.size} photos`);
        continue;
      }
      expect(code, stderr).toBe(0);
      expect(now.size).toBe(PHOTOS);
      expect(stderr).toContain(`masks: ${PHOTOS} of ${PHOTOS} pictures`);
      expect(weights("killed").equals(weights("whole")), "the same weights").toBe(true);
      ended++;
      rmSync(path("killed"), { recursive: true });
      // The next life begins with half of the masks.
      const names = [...now.keys()];
      for (const name of names.slice(PHOTOS / 2)) rmSync(path("cache", "killed", "coverage", name));
    }
    console.log(`masks: ${PHOTOS} photos, ${at.length} kills: ${at.join(", ")}; the same weights each time`);
  });
});
