import { writeFileSync } from "node:fs";
import sharp from "sharp";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { deepDrawing, drawing, samsr, temporaryFolder } from "./fixtures/cli.js";
import type { Finished } from "./fixtures/host.js";

/** Every kind of picture through one run of the command, then a look at each result. */
const folder = temporaryFolder();
const { path } = folder;
afterAll(folder.remove);

let batch: Finished;

beforeAll(async () => {
  await drawing().png().toFile(path("in", "plain.png"));
  await drawing()
    .jpeg({ quality: 95 })
    .keepMetadata()
    .withMetadata({ orientation: 6, density: 300 })
    .toFile(path("in", "turned.jpg"));
  await drawing()
    .withIccProfile("p3")
    .withExif({ IFD0: { Artist: "Nobody" } })
    .png()
    .toFile(path("in", "profile.png"));
  await deepDrawing().png().toFile(path("in", "deep.png"));
  await deepDrawing().tiff({ compression: "lzw" }).toFile(path("in", "deep.tif"));
  await drawing().toColourspace("b-w").png().toFile(path("in", "grey.png"));
  await drawing({ alpha: true }).png().toFile(path("in", "alpha.png"));
  await drawing({ alpha: true }).webp({ lossless: true }).toFile(path("in", "alpha.webp"));
  await drawing().png({ palette: true, colours: 16 }).toFile(path("in", "palette.png"));
  await drawing().gif().toFile(path("in", "moving.gif"));
  await drawing().avif({ quality: 90 }).toFile(path("in", "plain.avif"));
  writeFileSync(path("in", "notes.txt"), "not a picture, and not asked for");
  batch = await samsr(["upscale", path("in"), "-o", path("out"), "--json"]);
}, 60_000);

const result = (name: string) => sharp(path("out", name)).metadata();

describe("samsr upscale of every kind of picture", () => {
  it("does them all, each in its format", () => {
    expect([batch.stderr, batch.code]).toEqual(["", 0]);
    const results = JSON.parse(batch.stdout.toString());
    const outputs = results.map(({ output }: { output: string }) => output.slice(path("out").length + 1));
    expect(outputs).toEqual([
      "alpha.png",
      "alpha.webp",
      "deep.png",
      "deep.tif",
      "grey.png",
      "moving.png",
      "palette.png",
      "plain.avif",
      "plain.png",
      "profile.png",
      "turned.jpg",
    ]);
    for (const { info, width, height } of results) {
      expect(width * height).toBe(192 * 160);
      expect(info).toMatchObject({ method: "samsr", steps: 1, seed: 0, masks: "regions", tiles: 1 });
    }
  });

  it("gives the picture, four times as large", async () => {
    const { data, info } = await sharp(path("out", "plain.png")).raw().toBuffer({ resolveWithObject: true });
    expect(info).toMatchObject({ width: 192, height: 160, channels: 3 });
    const reference = await drawing().resize(192, 160, { kernel: "cubic" }).raw().toBuffer();
    const error = data.reduce((sum, value, i) => sum + (value - reference[i]!) ** 2, 0) / data.length;
    expect(10 * Math.log10(255 ** 2 / error)).toBeGreaterThan(24);
  });

  it("applies EXIF orientation, and keeps the density", async () => {
    expect(await result("turned.jpg")).toMatchObject({ width: 160, height: 192, density: 300 });
    expect((await result("turned.jpg")).orientation ?? 1).toBe(1);
    // Orientation 6: what was the left edge (no red) is the top now.
    const { data } = await sharp(path("out", "turned.jpg")).raw().toBuffer({ resolveWithObject: true });
    const red = (x: number, y: number) => data[3 * (y * 160 + x)]!;
    expect(red(8, 6)).toBeLessThan(60);
    expect(red(8, 185)).toBeGreaterThan(190);
  });

  it("keeps the colour profile and EXIF", async () => {
    const [before, after] = [await sharp(path("in", "profile.png")).metadata(), await result("profile.png")];
    expect(before.icc).toBeDefined();
    expect(after.icc?.equals(before.icc!)).toBe(true);
    expect(after.exif?.includes("Nobody")).toBe(true);
  });

  it("gives 16 bits for 16 bits", async () => {
    expect(await result("deep.png")).toMatchObject({ depth: "ushort", channels: 3 });
    expect(await result("deep.tif")).toMatchObject({ depth: "ushort", channels: 3 });
    const { data } = await sharp(path("out", "deep.png"))
      .toColourspace("rgb16")
      .raw({ depth: "ushort" })
      .toBuffer({ resolveWithObject: true });
    const values = new Uint16Array(data.buffer, data.byteOffset, data.byteLength / 2);
    expect(values.some((value) => value % 257 !== 0)).toBe(true);
  });

  it("keeps grey grey, and opens palettes", async () => {
    expect((await result("grey.png")).channels).toBe(1);
    expect(await result("palette.png")).toMatchObject({ channels: 3, width: 192 });
  });

  it.each(["alpha.png", "alpha.webp"])("upscales the alpha of %s", async (name) => {
    expect((await result(name)).hasAlpha).toBe(true);
    const { data } = await sharp(path("out", name)).raw().toBuffer({ resolveWithObject: true });
    const alpha = (x: number, y: number) => data[4 * (y * 192 + x) + 3]!;
    expect(alpha(96, 80)).toBeGreaterThan(250);
    expect(alpha(4, 4)).toBeLessThan(5);
    // The edge of the disc is a slope now, not steps of four.
    const edge = Array.from({ length: 192 }, (_, x) => alpha(x, 80)).filter((a) => a > 20 && a < 235);
    expect(edge.length).toBeGreaterThan(1);
  });
});
