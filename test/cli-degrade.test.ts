import { existsSync, readdirSync, readFileSync, writeFileSync } from "node:fs";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { toTensor } from "../src/image/raster.js";
import { kernels, resizePlanar } from "../src/image/resize.js";
import { createBatches } from "../src/train/data/batches.js";
import { decodeRgb } from "../src/train/data/photos.js";
import { openSavedPairs } from "../src/train/data/saved-pairs.js";
import { drawing, samsr, temporaryFolder } from "./fixtures/cli.js";

const folder = temporaryFolder();
const { path } = folder;
afterAll(folder.remove);

beforeAll(async () => {
  await drawing({ width: 203, height: 142 }).jpeg().toFile(path("photos", "one.jpg"));
  await drawing({ width: 120, height: 160 })
    .png()
    .toFile(path("photos", "below", "two.png"));
  await drawing({ width: 90, height: 100 }).png().toFile(path("broken", "good.png"));
  writeFileSync(path("broken", "bad.png"), "no picture");
});

const degrade = (out: string, ...more: string[]) =>
  samsr(["degrade", path("photos"), "-o", path(out), ...more]);
const files = (out: string) =>
  (readdirSync(path(out), { recursive: true }) as string[]).filter((name) => /\.\w+$/.test(name)).sort();
const document = (out: string) => JSON.parse(readFileSync(path(out, "degradation.json"), "utf8"));

describe("samsr degrade", () => {
  it("writes pairs that can be made again and trained on, and says what it drew", async () => {
    const words = ["--degradation", "real-esrgan", "--crop", "64", "--per-photo", "2", "--seed", "7"];
    const { code, stdout, stderr } = await degrade("pairs", ...words);
    expect([stderr, stdout.toString(), code]).toEqual(["", `${path("pairs")}: 4 pairs\n`, 0]);
    const names = ["below/two-1.png", "below/two-2.png", "one-1.png", "one-2.png"];
    expect(files("pairs")).toEqual([
      "degradation.json",
      ...names.map((name) => `hr/${name}`),
      ...names.map((name) => `lr/${name}`),
    ]);
    const { pairs, ...how } = document("pairs");
    expect(how).toEqual({ degradation: "real-esrgan", crop: 64, perPhoto: 2, seed: 7, scale: 4 });
    expect(pairs.map(({ input }: { input: string }) => input)).toEqual([
      "one.jpg",
      "one.jpg",
      "below/two.png",
      "below/two.png",
    ]);
    for (const { hr, region, parameters } of pairs) {
      expect([region.width, region.height]).toEqual([64, 64]);
      expect(parameters.first.jpeg).toBeGreaterThanOrEqual(30);
      expect(await decodeRgb(path("pairs", hr))).toMatchObject({ width: 64, height: 64 });
    }
    const source = await openSavedPairs([path("pairs")], 64);
    const { hr, lq } = await createBatches({ source, batch: 4, crop: 64, seed: 1 }).at(0);
    expect([hr.length, lq.length]).toEqual([4 * 3 * 64 ** 2, 4 * 3 * 16 ** 2]);

    // Without the other photo, from its own place: the same bytes.
    const alone = ["degrade", path("photos", "one.jpg"), "-o", path("alone"), ...words, "--json"];
    const again = await samsr(alone);
    expect(JSON.parse(again.stdout.toString()).pairs).toEqual(pairs.slice(0, 2));
    for (const name of ["hr/one-1.png", "lr/one-1.png", "hr/one-2.png", "lr/one-2.png"]) {
      expect(readFileSync(path("alone", name))).toEqual(readFileSync(path("pairs", name)));
    }
    await degrade("other", ...words.slice(0, -1), "8");
    expect(readFileSync(path("other", "lr", "one-1.png"))).not.toEqual(
      readFileSync(path("pairs", "lr", "one-1.png")),
    );
  }, 60_000);

  it("reduces whole photos by bicubic alone", async () => {
    const { code } = await degrade("bicubic", "--degradation", "bicubic", "--limit", "1", "--format", "tiff");
    expect([code, files("bicubic")]).toEqual([0, ["degradation.json", "hr/one.tif", "lr/one.tif"]]);
    const hr = await decodeRgb(path("bicubic", "hr", "one.tif"));
    const lr = await decodeRgb(path("bicubic", "lr", "one.tif"));
    expect([hr.width, hr.height, lr.width, lr.height]).toEqual([200, 140, 50, 35]);
    const options = { kernel: kernels.catmullRom, antialias: true };
    const from = { channels: 3, width: 200, height: 140 };
    const expected = resizePlanar(toTensor(hr), from, { width: 50, height: 35 }, options);
    for (let x = 2; x < 48; x++) {
      const value = (expected[17 * 50 + x] + 1) * 127.5;
      expect(Math.abs(lr.data[3 * (17 * 50 + x)] - value)).toBeLessThanOrEqual(0.501);
    }
  });

  it("makes a test set by the protocol of ImageNet-Test", async () => {
    const { code, stdout } = await degrade("test", "--protocol", "imagenet-test");
    expect(stdout.toString()).toMatch(/^the protocol has 3000 photos; these are 2\n.*: 2 pairs\n$/);
    expect(code).toBe(0);
    const { pairs, protocol } = document("test");
    expect(protocol).toBe("imagenet-test");
    for (const { hr, lr, parameters, resized, region } of pairs) {
      expect(Math.min(resized.width, resized.height)).toBe(256);
      expect(region).toEqual({
        x: Math.floor((resized.width - 256) / 2),
        y: Math.floor((resized.height - 256) / 2),
        width: 256,
        height: 256,
      });
      expect(await decodeRgb(path("test", hr))).toMatchObject({ width: 256, height: 256 });
      expect(await decodeRgb(path("test", lr))).toMatchObject({ width: 64, height: 64 });
      expect(parameters.second).toBeUndefined();
      expect(parameters.first.jpeg).toBeGreaterThanOrEqual(70);
      expect(parameters.last.jpeg).toBeGreaterThanOrEqual(80);
    }
  });

  it("makes the others when one cannot be read, and tells of them all", async () => {
    const { code, stdout, stderr } = await samsr(["degrade", path("broken"), "-o", path("most")]);
    expect(code).toBe(1);
    expect(stderr).toMatch(/^samsr: .*bad\.png: cannot be read as a picture [^\n]*\n$/);
    expect(stdout.toString()).toMatch(/most: 1 pair\n$/);
    expect(document("most").pairs).toHaveLength(1);
    expect(files("most")).toEqual(["degradation.json", "hr/good.png", "lr/good.png"]);
  });

  it.each([
    [["-o", "x", "--degradation", "awful"], /Allowed choices are mild, real-esrgan, bicubic/, 2],
    [["-o", "x", "--crop", "30"], /--crop 30: expected a multiple of 4/, 2],
    [["-o", "x", "--protocol", "imagenet-test", "--crop", "64"], /cannot be used with option '--crop/, 2],
    [["-o", "x", "--crop", "400"], /good\.png has 90 x 100 pixels, too small for 400 x 400/, 1],
    [["-o", "full"], /degradation\.json exists already; --overwrite replaces it/, 1],
    [["-o", "taken"], /good\.png exists already; --overwrite replaces it/, 1],
    [["good.jpg", "-o", "x"], /good\.png and good\.jpg would both be written to good\.png|good\.jpg and/, 1],
  ])("refuses %j in one line", async (words, message, exitCode) => {
    writeFileSync(path("full", "degradation.json"), "{}");
    await drawing()
      .png()
      .toFile(path("taken", "hr", "good.png"));
    const cwd = path("broken");
    const given = words.map((word) => (["x", "full", "taken"].includes(word) ? path(word) : word));
    await drawing().jpeg().toFile(path("broken", "good.jpg"));
    const { code, stderr } = await samsr(["degrade", "good.png", ...given], { cwd });
    expect(stderr).toMatch(/^samsr: [^\n]*\n$/);
    expect(stderr).toMatch(message);
    expect(code).toBe(exitCode);
    expect(existsSync(path("x"))).toBe(false);
  });

  it("does not write over its inputs, whatever it may replace", async () => {
    const before = readFileSync(path("taken", "hr", "good.png"));
    const words = ["degrade", path("taken", "hr"), "-o", path("taken"), "--overwrite"];
    const { code, stderr } = await samsr(words);
    expect(stderr).toMatch(/^samsr: .*hr\/good\.png is an input; choose another folder for the pairs\n$/);
    expect(code).toBe(1);
    expect(readFileSync(path("taken", "hr", "good.png"))).toEqual(before);
  });
});
