/** Folders, targets and models as bad days bring them: nothing is lost without a word, and nothing hangs. */
import { execFileSync } from "node:child_process";
import { lstatSync, readdirSync, readlinkSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import sharp from "sharp";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { writeSafetensors } from "../src/checkpoints/index.js";
import { drawing, samsr, temporaryFolder } from "./fixtures/cli.js";
import { smallWeights, writeSmallModel } from "./fixtures/small-model.js";

const folder = temporaryFolder();
const { path } = folder;
const cwd = path(".");
const model = ["--model", writeSmallModel()];
afterAll(() => {
  folder.remove();
  rmSync(model[1]!, { recursive: true });
});
beforeAll(async () => {
  await drawing({ width: 20, height: 16 }).png().toFile(path("a.png"));
});

const run = (...words: string[]) => samsr(["upscale", ...model, ...words], { cwd });

describe.skipIf(process.platform === "win32")("targets that are no files", () => {
  it("are left as they are", async () => {
    execFileSync("mkfifo", [path("pipe.png")]);
    const before = lstatSync(path("pipe.png")).ino;
    const { stderr, code } = await run("a.png", "-o", "pipe.png", "--overwrite");
    expect([stderr, code]).toEqual([
      "samsr: a.png: pipe.png is a device, pipe or socket; the name of a file was expected\n",
      1,
    ]);
    expect(lstatSync(path("pipe.png")).ino).toBe(before);
  });

  it.skipIf(process.platform !== "linux")("take the picture where they are standard output", async () => {
    symlinkSync("/proc/self/fd/1", path("so.webp"));
    const { stdout, code } = await run("a.png", "-o", "so.webp", "--overwrite");
    expect(code).toBe(0);
    expect(await sharp(stdout).metadata()).toMatchObject({ format: "webp", width: 80, height: 64 });
    expect(readlinkSync(path("so.webp"))).toBe("/proc/self/fd/1");
  });
});

describe("a file as target", () => {
  it("is made through a link to nothing, and with the folders above it", async () => {
    symlinkSync("made/elsewhere.png", path("dangling.png"));
    const missing = await run("a.png", "-o", "made/there/x.png");
    expect([missing.stderr, missing.code]).toEqual(["", 0]);
    const linked = await run("a.png", "-o", "dangling.png", "--overwrite");
    expect([linked.stderr, linked.code]).toEqual(["", 0]);
    expect(readdirSync(path("made"), { recursive: true }).sort()).toEqual([
      "elsewhere.png",
      "there",
      "there/x.png",
    ]);
    expect(lstatSync(path("dangling.png")).isSymbolicLink()).toBe(true);
  });
});

describe("a model that is not finite", () => {
  it("is named, and makes no picture", async () => {
    const spoilt = writeSmallModel();
    const weights = smallWeights(1);
    const [name] = [...weights.keys()].filter((key) => key.startsWith("middle_block"));
    weights.get(name!)!.data[0] = Number.NaN;
    writeFileSync(`${spoilt}/student.safetensors`, writeSafetensors(weights));
    const { stderr, code } = await samsr(["upscale", "a.png", "-o", "black.png", "--model", spoilt], { cwd });
    rmSync(spoilt, { recursive: true });
    expect(stderr).toMatch(/^samsr: .*the model small makes pixels that are not finite numbers.*\n$/);
    expect(code).toBe(1);
    expect(readdirSync(cwd)).not.toContain("black.png");
  });
});
