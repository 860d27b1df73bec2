import { readdirSync, readFileSync } from "node:fs";
import { writeFile } from "node:fs/promises";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { psnrY } from "../src/evaluate/metrics/index.js";
import { decodeRgb } from "../src/train/data/photos.js";
import { drawing, samsr, temporaryFolder } from "./fixtures/cli.js";

const folder = temporaryFolder();
const { path } = folder;
afterAll(folder.remove);

beforeAll(async () => {
  for (const name of ["a & b.png", "below/c.png"]) {
    await drawing({ width: 48, height: 32 }).png().toFile(path("small", name));
    await drawing({ width: 192, height: 128 }).png().toFile(path("large", name));
  }
  await drawing({ width: 192, height: 128 }).webp().toFile(path("other", "a & b.webp"));
});

describe("samsr compare", () => {
  const words = (...more: string[]) => ["compare", path("small"), "--threads", "1", ...more];

  it("writes every result, tables and a page, and says what a method could not do", async () => {
    const more = ["--methods", "bicubic,samsr", "--with", `other=${path("other")}`, "--ref", path("large")];
    const { code, stdout, stderr } = await samsr(words(...more, "-o", path("out")));
    expect(stderr).toMatch(/below\/c\.png by other: .*other has no picture named below\/c\n/);
    expect(code).toBe(1);
    expect(readdirSync(path("out"), { recursive: true }).toSorted()).toEqual(
      [
        "bicubic",
        "bicubic/a & b.png",
        "bicubic/below",
        "bicubic/below/c.png",
        "index.html",
        "other",
        "other/a & b.png",
        "samsr",
        "samsr/a & b.png",
        "samsr/below",
        "samsr/below/c.png",
        "scores.json",
        "scores.md",
      ].toSorted(),
    );

    const scores = JSON.parse(readFileSync(path("out", "scores.json"), "utf8"));
    const pair = [
      await decodeRgb(path("out", "bicubic", "a & b.png")),
      await decodeRgb(path("large", "a & b.png")),
    ] as const;
    expect(scores.pictures[0].methods.bicubic.psnr).toBe(psnrY(...pair));
    expect(scores.pictures[1].methods.other.error).toMatch(/no picture named/);
    // Means are over the one picture that all methods have.
    expect(scores.means.samsr.psnr).toEqual({ mean: scores.pictures[0].methods.samsr.psnr, pictures: 1 });
    expect(stdout.toString()).toMatch(/^method +PSNR\(Y\) +SSIM\(Y\)\nbicubic /);

    const page = readFileSync(path("out", "index.html"), "utf8");
    expect(page).toContain('src="samsr/a%20%26%20b.png"');
    expect(page).toContain("<h2>a &amp; b.png</h2>");
    expect(page).not.toMatch(/https?:/);
  });

  it.each([
    [["--methods", "magic"], /there is no method "magic"/],
    [["--with", "nonsense"], /--with nonsense: expected NAME=FOLDER/],
    [["--with", "bicubic=x"], /bicubic is there twice/],
    [["--ref", "absent"], /absent: cannot read this folder/],
  ])("refuses %j before any work", async (more, message) => {
    const { code, stderr } = await samsr(words("--methods", "bicubic", "-o", path("none"), ...more));
    expect(code).toBeGreaterThan(0);
    expect(stderr).toMatch(message);
    expect(readdirSync(path())).not.toContain("none");
  });

  it("replaces nothing unless asked, and names an input that is no picture", async () => {
    const quick = ["--methods", "bicubic", "-o", path("twice")];
    expect((await samsr(words(...quick))).code).toBe(0);
    const again = await samsr(words(...quick));
    expect(again.code).toBe(1);
    expect(again.stderr).toMatch(/twice\/index\.html exists already; --overwrite replaces it/);
    expect((await samsr(words(...quick, "--overwrite"))).code).toBe(0);
    await writeFile(path("small", "z.png"), "nothing");
    const broken = await samsr(words(...quick, "--overwrite"));
    expect(broken.code).toBe(1);
    expect(broken.stderr).toMatch(/small\/z\.png: cannot be read as a picture; it is left out/);
    expect(broken.stdout.toString()).toMatch(/^method/);
  });
});
