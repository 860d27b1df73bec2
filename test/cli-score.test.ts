import { readdirSync } from "node:fs";
import sharp from "sharp";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { createMethods } from "../src/evaluate/methods.js";
import { psnrY, ssimY } from "../src/evaluate/metrics/index.js";
import { decode } from "../src/image/index.js";
import { validationPairs } from "../src/train/data/validation.js";
import { drawing, samsr, temporaryFolder } from "./fixtures/cli.js";

const folder = temporaryFolder();
const { path } = folder;
afterAll(folder.remove);

beforeAll(async () => {
  await drawing({ width: 110, height: 100 }).png().toFile(path("photos", "one.png"));
  await drawing({ width: 96, height: 130 })
    .png()
    .toFile(path("photos", "below", "two.png"));
});

describe("samsr score", () => {
  const words = (...more: string[]) => ["score", path("photos"), "--crop", "96", "--threads", "1", ...more];

  it("measures each method on each photo, and draws strips", async () => {
    const methods = ["--methods", "samsr,resshift-2", "--pictures", path("strips"), "--strips", "1"];
    const { code, stdout, stderr } = await samsr(words("--json", ...methods));
    expect(stderr).toMatch(
      /^2 photos; blur of 0\.8 .*JPEG of quality 85\n.*\n1\/2 below\/two\.png {2}bicubic.*\n2\/2 one/,
    );
    expect(code).toBe(0);
    const result = JSON.parse(stdout.toString());
    expect(result).toMatchObject({ photos: ["below/two.png", "one.png"], baseline: "bicubic", seed: 0 });
    const names = result.methods.map(({ method }: { method: string }) => method);
    expect(names.toSorted()).toEqual(["bicubic", "resshift-2", "samsr"]);

    // Bicubic is known without the command.
    const pairs = await validationPairs(path("photos"), { crop: 96 });
    const bicubic = createMethods(["bicubic"]).get("bicubic")!;
    const expected = await Promise.all(
      pairs.map(async ({ lq, hr }) => {
        const result = await bicubic(lq);
        return { psnr: psnrY(result, hr), ssim: ssimY(result, hr) };
      }),
    );
    const of = (name: string) => result.methods[names.indexOf(name)];
    expect(of("bicubic").photos).toEqual(expected);
    for (const name of names) {
      expect(of(name).photos[0].psnr, name).toBeGreaterThan(15);
      expect(of(name).gain.psnr.mean).toBeCloseTo(of(name).mean.psnr - of("bicubic").mean.psnr, 9);
    }

    // Input, bicubic, two methods and the original, 8 pixels apart.
    expect(readdirSync(path("strips"))).toEqual(["001-below-two.png"]);
    const { raster } = await decode(path("strips", "001-below-two.png"));
    expect([raster.width, raster.height]).toEqual([5 * 96 + 4 * 8, 96]);
    const { hr } = pairs[0];
    const at = (x: number, y: number) => [
      ...raster.data.subarray((y * raster.width + x) * 3, (y * raster.width + x + 1) * 3),
    ];
    expect(at(4 * 104 + 50, 20)).toEqual([...hr.data.subarray((20 * 96 + 50) * 3, (20 * 96 + 51) * 3)]);
    expect(at(96, 0)).toEqual([255, 255, 255]);

    const again = await samsr(words(...methods));
    expect(again.stderr).toMatch(/^samsr: .*001-below-two\.png exists already; --overwrite replaces it\n$/);
    expect(again.code).toBe(1);
  });

  it("prints a table alone when quiet, and interpolations need no model", async () => {
    const methods = ["--methods", "bicubic-catmull-rom", "--model", "no-such-model"];
    const { code, stdout, stderr } = await samsr(words("--markdown", "--quiet", ...methods));
    expect([stderr, code]).toEqual(["", 0]);
    const lines = stdout.toString().trimEnd().split("\n");
    expect(lines).toHaveLength(6);
    expect(lines[0]).toMatch(/^\| method \| PSNR\(Y\) \| SSIM\(Y\) \| PSNR over bicubic /);
    expect(lines.join("\n")).toMatch(/\| bicubic-catmull-rom \| \d\d\.\d\d \| 0\.\d{4} \| [+-]0\.\d\d ± 0\./);
  });

  it.each([
    ["a method that is none", ["--methods", "samsr,magic"], /there is no method "magic"/, 2],
    ["more steps than there are", ["--methods", "resshift-99"], /from 1 to 15/, 1],
    ["two kinds of output", ["--json", "--markdown"], /cannot be used with/, 2],
    ["a model that is not there", ["--model", "no-such-model"], /no model "no-such-model"/, 1],
  ])("refuses %s in one line", async (_, more, message, exitCode) => {
    const { code, stdout, stderr } = await samsr(words(...more));
    expect(stderr).toMatch(/^samsr: [^\n]*\n$/);
    expect(stderr).toMatch(message);
    expect(stdout.toString()).toBe("");
    expect(code).toBe(exitCode);
  });

  it("names a folder without photos", async () => {
    await sharp({ create: { width: 8, height: 8, channels: 3, background: "red" } })
      .png()
      .toFile(path("tiny", "a.png"));
    const { code, stderr } = await samsr(["score", path("tiny")]);
    expect(stderr).toMatch(/^samsr: no photo is at least 32 pixels wide and high[^\n]*\n$/);
    expect(code).toBe(1);
  });
});
