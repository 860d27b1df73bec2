/** Pages, frames, sizes and warnings through the command. */
import { readFileSync } from "node:fs";
import sharp from "sharp";
import { afterAll, describe, expect, it } from "vitest";
import { samsr, temporaryFolder } from "./fixtures/cli.js";
import { gifFramesOf, jfifDensityOf } from "./fixtures/picture-parsers.js";
import { hasCases, sharedPath } from "./shared.js";

const folder = temporaryFolder();
const { path } = folder;
afterAll(folder.remove);

const file = (name: string) => sharedPath("cases", "files", name);

describe.skipIf(!hasCases)("samsr upscale of several pages, and of what is lost", () => {
  it("does all pages and frames, and says in text and --json what is not in the result", async () => {
    const inputs = ["gif_3_frames.gif", "tiff_3_pages.tif", "cmyk.jpg"].map(file);
    const done = await samsr(["upscale", ...inputs, "-o", path("out"), "--json", "--scale", "2"]);
    expect([done.code, done.stderr]).toEqual([
      0,
      `samsr: ${file("cmyk.jpg")}: its CMYK colours become sRGB\n`,
    ]);
    const [gif, tiff, cmyk] = JSON.parse(done.stdout.toString());
    expect([gif.pages, tiff.pages, cmyk.pages]).toEqual([3, 3, undefined]);
    expect([gif.warnings, cmyk.warnings]).toEqual([undefined, ["its CMYK colours become sRGB"]]);
    expect(gifFramesOf(readFileSync(path("out", "gif_3_frames.gif")))).toEqual({
      delays: [120, 120, 120],
      loops: 0,
    });
    for (const page of [0, 1, 2]) {
      const result = sharp(path("out", "tiff_3_pages.tif"), { page });
      const [now, before] = await Promise.all(
        [result, sharp(file("tiff_3_pages.tif"), { page })].map((image) => image.stats()),
      );
      for (const c of [0, 1, 2])
        expect(Math.abs(now.channels[c]!.mean - before.channels[c]!.mean)).toBeLessThan(6);
    }
  }, 120_000);

  it("makes the size and the density that are asked for, and takes half a picture where that is", async () => {
    const out = path("half.jpg");
    const asked = ["--longest", "90", "--density", "150", "--tolerant"];
    const done = await samsr(["upscale", file("jpeg_half.jpg"), "-o", out, ...asked]);
    expect([done.code, done.stderr]).toEqual([0, expect.stringContaining("as far as it goes")]);
    expect(await sharp(out).metadata()).toMatchObject({ width: 90, height: 68 });
    expect(jfifDensityOf(readFileSync(out))).toEqual([1, 150, 150]);
    const both = await samsr([
      "upscale",
      file("cmyk.jpg"),
      "-o",
      path("x.png"),
      "--scale",
      "2",
      "--width",
      "9",
    ]);
    expect([both.code, both.stderr]).toEqual([2, expect.stringContaining("cannot be used with option")]);
    const small = ["upscale", file("gif_3_frames.gif"), "-o", path("y.gif"), "--frame-limit", "2"];
    const refused = await samsr(small);
    expect([refused.code, refused.stderr]).toEqual([
      1,
      expect.stringContaining("over the limit of 2 frames"),
    ]);
  }, 120_000);
});
