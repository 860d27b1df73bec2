/** npm run reproduce, end to end: two small students are trained by the command, and tables made of them. */
import { execFileSync, spawnSync } from "node:child_process";
import { copyFileSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import sharp from "sharp";
import { afterAll, beforeAll, expect, it, vi } from "vitest";
import { stringify } from "yaml";
import { createRandom } from "../src/base/random.js";
import { writeSafetensors } from "../src/checkpoints/index.js";
import { createMethods } from "../src/evaluate/methods.js";
import { psnrY } from "../src/evaluate/metrics/index.js";
import { meanOf } from "../src/evaluate/score.js";
import { imagenetTestPair } from "../src/train/data/degraded-pair.js";
import { decodeRgb } from "../src/train/data/photos.js";
import { validationPairs } from "../src/train/data/validation.js";
import { temporaryFolder } from "./fixtures/cli.js";
import { createHost } from "./fixtures/host.js";
import { smallDescription, smallWeights, tinyNetwork } from "./fixtures/small-model.js";

const root = fileURLToPath(new URL("..", import.meta.url));
const folder = temporaryFolder();
const { path } = folder;
afterAll(() => {
  vi.unstubAllEnvs();
  folder.remove();
});

const run = createHost(new URL("../reproduce/dist/reproduce/program.js", import.meta.url));

async function reproduce(...words: string[]) {
  const { code, stdout, stderr } = await run(words);
  return { status: code, stdout: stdout.toString(), stderr };
}

/** Stripes under grain: NIQE wants texture. */
async function draw(name: string, seed: number): Promise<void> {
  const [width, height] = [224, 128];
  const grain = createRandom(seed).normals(new Float32Array(width * height));
  const data = Uint8Array.from(grain, (g, i) => 128 + 50 * Math.sin((i % width) / (4 + seed)) + 12 * g);
  await sharp(data, { raw: { width, height, channels: 1 } })
    .png()
    .toFile(path("photos", name));
}

beforeAll(async () => {
  // Types are checked before the tests.
  const compiler = `${root}/node_modules/typescript/bin/tsc`;
  execFileSync(process.execPath, [compiler, "-p", "reproduce", "--noCheck"], { cwd: root });
  const plainSessions = new URL("./fixtures/plain-sessions.mjs", import.meta.url).href;
  vi.stubEnv("NODE_OPTIONS", `--import=${plainSessions}`);
  vi.stubEnv("SAMSR_TESTS_PLAIN_SESSIONS", "1");
  for (const seed of [1, 2]) await draw(`${seed}.png`, seed);
  writeFileSync(path("teacher.safetensors"), writeSafetensors(smallWeights(2, 0.02, tinyNetwork)));
  mkdirSync(path("configs"));
  for (const [name, masks] of [
    ["tiny-samsr", "regions"],
    ["tiny-sinsr", "none"],
  ]) {
    const config = {
      ...{ train: "student", space: "pixels", network: tinyNetwork },
      ...{
        schedule: { ...smallDescription.schedule, steps: 5 },
        data: { degradation: "mild", crop: 64, batch: 8 },
      },
      optimiser: { steps: 5000, learningRate: 1e-3, warmup: 50 },
      student: { masks, terms: { distill: 1, inverse: 0.02, gt: 1, sc: 0 } },
    };
    writeFileSync(path("configs", `${name}.yaml`), stringify(config));
  }
  const guided = {
    ...{ train: "teacher", space: "pixels", network: tinyNetwork },
    schedule: { ...smallDescription.schedule, steps: 5 },
    data: { degradation: "mild", crop: 64, batch: 2 },
    optimiser: { steps: 2, learningRate: 1e-3 },
    semantics: { maskContext: "photo" },
  };
  writeFileSync(path("configs", "tiny-guided-teacher.yaml"), stringify(guided));
}, 60_000);

const runs = () => path("runs");
const cells = (table: string, label: string) =>
  table
    .split("\n")
    .find((line) => line.startsWith(`| ${label} |`))!
    .split("|")
    .slice(2, -1)
    .map((cell) => cell.trim());

it("trains what is missing, measures it once, and puts it beside the paper", async () => {
  const train = () =>
    reproduce(
      ...["train", "samsr", "sinsr", "--teacher", path("teacher.safetensors"), "--data", path("photos")],
      ...["--out", runs(), "--configs", path("configs"), "--steps", "2", "--batch", "1", "--keep-every", "1"],
      ...["--parallel", "2", "--threads", "1"],
    );
  expect(await train()).toMatchObject({ status: 0, stdout: "" });
  expect(readFileSync(path("runs", "sinsr", "train.log"), "utf8")).toMatch(/step 2\/2 {2}loss/);
  expect(readFileSync(path("runs", "samsr", "config.yaml"), "utf8")).toMatch(/distilled: 1\n/);
  const kept = readdirSync(path("runs", "samsr")).filter((name) => name.startsWith("weights-"));
  expect(kept).toEqual(["weights-1.safetensors", "weights-2.safetensors"]);
  const again = await train();
  expect(again).toMatchObject({ status: 0, stderr: "samsr: done already\nsinsr: done already\n" });

  const teacher = ["--teacher", path("teacher.safetensors"), "--runs", runs()];
  const table2 = (...more: string[]) =>
    reproduce("table2", ...teacher, "--val", path("photos"), "--threads", "1", ...more);
  const first = await table2();
  expect(first.stderr).toMatch(
    /^not trained: npm run reproduce -- train samsr-release samsr-guided shipped --data/m,
  );
  expect(first.status).toBe(1);
  const bicubic = createMethods(["bicubic"]).get("bicubic")!;
  // Table 2 is ImageNet-Test's, and mildly degraded where that is asked for.
  const photos = await Promise.all(
    ["1.png", "2.png"].map(async (name) => ({
      ...{ name, photo: await decodeRgb(path("photos", name)) },
    })),
  );
  const tests = await Promise.all(photos.map(({ name, photo }) => imagenetTestPair(photo, name, 0)));
  const psnr = await Promise.all(tests.map(async ({ lr, hr }) => psnrY(await bicubic(lr), hr)));
  const [pair] = await validationPairs(path("photos"), { limit: 1 });
  // A folder of runs with a configuration alone: bicubic and the teacher are measured there.
  mkdirSync(path("untrained", "samsr"), { recursive: true });
  copyFileSync(path("runs", "samsr", "config.yaml"), path("untrained", "samsr", "config.yaml"));
  const mild = await table2("--protocol", "mild", "--limit", "1", "--runs", path("untrained"));
  expect(cells(mild.stdout, "bicubic")[0]).toBe(psnrY(await bicubic(pair.lq), pair.hr).toFixed(2));
  expect(mild.stdout).toContain("val: 1 photos, degraded as samsr score does.");
  expect(first.stdout).toContain("imagenet-test: 2 photos, cut and degraded as ImageNet-Test is.");
  expect(cells(first.stdout, "bicubic")[0]).toBe(meanOf(psnr).toFixed(2));
  expect(cells(first.stdout, "bicubic")[4]).toMatch(/^\d+\.\d{3}$/);
  const [own, gain, ...rest] = cells(first.stdout, "SAMSR, 1 step");
  expect(Number.parseFloat(gain)).toBeCloseTo(Number(own) - meanOf(psnr), 1);
  expect(gain).toMatch(/ ± \d/);
  expect(rest.slice(-5)).toEqual(["24.74", "0.666", "0.217", "0.619", "54.146"]);
  expect(own).not.toBe(cells(first.stdout, "SinSR, 1 step")[0]);
  expect(first.stdout).toMatch(/\nEach student: 2 steps of 1 crops, 1 of them distilled/);

  // What is kept is what the next table shows, as long as it is of the same pictures.
  const file = path("runs", "samsr", "scores", "imagenet-test-all-2.json");
  const scores = JSON.parse(readFileSync(file, "utf8"));
  const put = (more: object) => {
    const pictures = scores.pictures.map((one: object) => ({ ...one, psnr: 77 }));
    writeFileSync(file, JSON.stringify({ ...scores, pictures, ...more }));
  };
  put({});
  expect(cells((await table2()).stdout, "SAMSR, 1 step")[0]).toBe("77.00");
  put({ data: "others" });
  expect(cells((await table2()).stdout, "SAMSR, 1 step")[0]).toBe(own);

  const kept2 = ["weights-1", "weights-2"].map((name) => path("runs", "samsr", `${name}.safetensors`));
  const blends = await reproduce(
    "blends",
    ...kept2,
    "--shares",
    "0.5",
    "1",
    ...teacher,
    ...["--val", path("photos"), "--protocol", "imagenet-test", "--threads", "1"],
  );
  expect([blends.stderr.includes("blend-0.5 on imagenet-test"), blends.status]).toEqual([true, 0]);
  expect(cells(blends.stdout, "share 1")[0]).toBe(own);
  expect(cells(blends.stdout, "share 0.5")[0]).toMatch(/^\d+\.\d\d$/);

  const small = ["--limit", "1", "--real", path("photos"), "--write", path("tables.md")];
  const table3 = await reproduce("table3", ...teacher, ...small, "--threads", "1");
  expect(cells(table3.stdout, "m = 1/5")[0]).toMatch(/^\d+\.\d{3}$/);
  expect(cells(table3.stdout, "m = 1/2")).toEqual(["", ""]);
  expect(readFileSync(path("tables.md"), "utf8")).toBe(table3.stdout);
}, 300_000);

it("trains the guided teacher on from the other one, once, before the student that it teaches", async () => {
  const train = () =>
    reproduce(
      ...["train", "samsr-guided", "--teacher", path("teacher.safetensors"), "--data", path("photos")],
      ...["--out", path("guided"), "--configs", path("configs"), "--steps", "1", "--batch", "1"],
      ...["--threads", "1"],
    );
  const { status, stderr } = await train();
  expect(stderr).toMatch(/^guided-teacher: .*\nguided-teacher: done.*\nsamsr-guided: .*\nsamsr-guided: done/);
  expect(status).toBe(0);
  const config = readFileSync(path("guided", "samsr-guided", "config.yaml"), "utf8");
  const teacher = path("guided", "guided-teacher", "teacher.safetensors");
  expect(config).toContain(`teacher: ${teacher}`);
  expect(readFileSync(path("guided", "guided-teacher", "config.yaml"), "utf8")).toContain("start: ");
  expect((await train()).stderr).toBe("samsr-guided: done already\n");
}, 300_000);

it.each([
  [["train", "nobody", "--data", "x"], /^reproduce: there is no student "nobody"; there are samsr, sinsr,/],
  [["table1", "--runs", "x"], /^reproduce: table 1 needs --real$/m],
  [
    ["blends", "a/x", "a/y", "--shares", "2"],
    /^reproduce: --shares: expected numbers from 0 to 1, not "2"$/m,
  ],
  [["blends", "a/x", "a/y", "--shares", "0"], /^reproduce: blends need --val$/m],
  [["table2", "--limit", "0"], /^reproduce: .*Expected a whole number from 1 on/],
])("refuses %j in one line", async (words, message) => {
  const { status, stderr } = await reproduce(...words);
  expect(stderr).toMatch(message);
  expect(stderr.trim().split("\n")).toHaveLength(1);
  expect(status).toBe(1);
});

it("says in one line that it was interrupted, and ends as shells have it", () => {
  const program = new URL("../reproduce/dist/reproduce/program.js", import.meta.url).href;
  const words = ["table2", "--runs", path("runs"), "--val", path("photos"), "--limit", "1"];
  const code = `import(${JSON.stringify(program)}).then(async ({ runProgram }) => {
    process.exitCode = await runProgram(${JSON.stringify(words)}, { signal: AbortSignal.abort() });
  })`;
  const { status, stderr } = spawnSync(process.execPath, ["-e", code], { encoding: "utf8" });
  expect(stderr).toBe("reproduce: interrupted; what is done is kept, and the same command goes on\n");
  expect(status).toBe(130);
});
