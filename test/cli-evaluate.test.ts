import { mkdir, writeFile } from "node:fs/promises";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { psnrY, ssimY } from "../src/evaluate/metrics/index.js";
import { decodeRgb } from "../src/train/data/photos.js";
import { drawing, samsr, temporaryFolder } from "./fixtures/cli.js";

const folder = temporaryFolder();
const { path } = folder;
afterAll(folder.remove);

beforeAll(async () => {
  const size = { width: 200, height: 110 };
  await drawing(size).png().toFile(path("originals", "a.png"));
  await drawing(size).jpeg({ quality: 40 }).toFile(path("results", "a.jpg"));
  await drawing(size)
    .png()
    .toFile(path("originals", "below", "b.png"));
  await drawing(size)
    .png()
    .toFile(path("results", "below", "b.png"));
});

describe("samsr evaluate", () => {
  const words = (...more: string[]) => ["evaluate", "--pred", path("results"), ...more];
  const withOriginals = ["--ref", path("originals")];

  it("measures each picture against the original of its name", async () => {
    const metrics = ["--metrics", "psnr,ssim", "--json"];
    const { code, stdout } = await samsr(words(...withOriginals, ...metrics));
    expect(code).toBe(0);
    const [{ pictures, mean }] = JSON.parse(stdout.toString()).folders;
    const pair = [
      await decodeRgb(path("results", "a.jpg")),
      await decodeRgb(path("originals", "a.png")),
    ] as const;
    expect(pictures[0]).toEqual({ picture: "a.jpg", values: { psnr: psnrY(...pair), ssim: ssimY(...pair) } });
    // Equal pictures: an infinite PSNR, which JSON has no number for.
    expect(pictures[1]).toEqual({ picture: "below/b.png", values: { psnr: null, ssim: 1 } });
    expect(mean.ssim).toBeCloseTo((1 + pictures[0].values.ssim) / 2, 12);
  });

  it("prints a table, or a line for each picture", async () => {
    const table = await samsr(words(...withOriginals, "--metrics", "ssim", "--markdown"));
    expect(table.stdout.toString()).toMatch(
      /^\| folder \| pictures \| SSIM\(Y\) \|\n.*\n\| .*results \| 2 \| 0\.\d{4} \|\n\nSSIM\(Y\): 4 pixels left out along every edge\.\n$/,
    );
    const lines = await samsr(words("--csv", "--border", "2"));
    expect(lines.stdout.toString()).toMatch(
      /^folder,picture,niqe\n.*results,a\.jpg,\d+\.\d+\n.*b\.png,\d+\.\d+\n$/,
    );
    expect(lines.stderr).toMatch(/^NIQE against 400 photos/);
  });

  it("names what it cannot measure, and measures the rest", async () => {
    await mkdir(path("odd"));
    await drawing({ width: 200, height: 110 }).png().toFile(path("odd", "a.png"));
    await drawing({ width: 100, height: 110 })
      .png()
      .toFile(path("odd", "below", "b.png"));
    await drawing({ width: 100, height: 110 }).png().toFile(path("odd", "c.png"));
    await writeFile(path("odd", "d.png"), "no picture");
    const { code, stdout, stderr } = await samsr(["evaluate", "--pred", path("odd"), ...withOriginals]);
    expect(code).toBe(1);
    expect(stderr).toMatch(/odd\/below\/b\.png: cannot compare a 100x110 picture with a 200x110 one/);
    expect(stderr).toMatch(/odd\/c\.png: .*originals has no picture of this name/);
    expect(stderr).toMatch(/odd\/d\.png: /);
    expect(stderr).not.toMatch(/bug|\n\s+at /);
    expect(stdout.toString()).toMatch(/odd +1 +inf +1\.0000/);
  });

  it.each([
    [["--metrics", "psnr"], /psnr compares with originals; give their folder with --ref/],
    [["--metrics", "magic"], /there is no metric "magic"; there are psnr, ssim, lpips, .*musiq-ava, and all/],
    [["--niqe-model", "absent.npz"], /absent\.npz: there is no such file/],
    [["--ref", "absent"], /absent: cannot read this folder/],
  ])("refuses %j", async (more, message) => {
    const { code, stderr } = await samsr(words(...more));
    expect(code).toBeGreaterThan(0);
    expect(stderr).toMatch(message);
    expect(stderr.trim().split("\n").length).toBeLessThanOrEqual(2);
  });
});
