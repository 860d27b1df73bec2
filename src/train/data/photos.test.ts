import { mkdir, mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import sharp from "sharp";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { SamsrError } from "../../base/errors.js";
import { decodeRgb, loadPhotos, spread } from "./photos.js";
import { validationPairs } from "./validation.js";

let folder: string;

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "samsr-photos-"));
  await mkdir(join(folder, "below"));
  await mkdir(join(folder, "empty"));
  await mkdir(join(folder, "broken"));
  const plain = (width: number, height: number, background: string) =>
    sharp({ create: { width, height, channels: 3, background } });
  await plain(70, 50, "#204060").png().toFile(join(folder, "b.png"));
  await plain(40, 100, "#ff0000")
    .jpeg()
    .withMetadata({ orientation: 6 })
    .toFile(join(folder, "below", "a.jpg"));
  await sharp(new Uint8Array(64 * 96).fill(77), { raw: { width: 64, height: 96, channels: 1 } })
    .png()
    .toFile(join(folder, "below", "grey.png"));
  await sharp({
    create: { width: 33, height: 35, channels: 4, background: { r: 9, g: 8, b: 7, alpha: 0.5 } },
  })
    .png()
    .toFile(join(folder, "alpha.png"));
  await writeFile(join(folder, "c.jpg"), "not a photo");
  await writeFile(join(folder, "broken", "d.jpg"), "");
  await writeFile(join(folder, "notes.txt"), "not a photo either");
});

afterAll(() => rm(folder, { recursive: true }));

describe("loadPhotos", () => {
  it("decodes everything below a folder to upright RGB, in order, and reports what it cannot read", async () => {
    const { photos, skipped } = await loadPhotos(folder);
    expect(photos.map(({ name, width, height }) => [name, width, height])).toEqual([
      ["alpha.png", 33, 35],
      ["b.png", 70, 50],
      ["below/a.jpg", 100, 40],
      ["below/grey.png", 64, 96],
    ]);
    expect([...photos[0].data.subarray(0, 3)]).toEqual([9, 8, 7]);
    expect([...photos[1].data.subarray(0, 3)]).toEqual([0x20, 0x40, 0x60]);
    expect([...photos[3].data.subarray(0, 3)]).toEqual([77, 77, 77]);
    for (const { width, height, data } of photos) expect(data).toHaveLength(width * height * 3);
    expect(skipped.map(({ file }) => file).sort()).toEqual([
      join(folder, "broken/d.jpg"),
      join(folder, "c.jpg"),
    ]);
  });

  it("hands nothing to a decoder that is no photo by its first bytes, whatever its name", async () => {
    const drawing =
      '<svg xmlns="http://www.w3.org/2000/svg" width="9" height="9"><rect width="9" height="9"/></svg>';
    const hidden = join(folder, "hidden");
    await mkdir(hidden);
    await writeFile(join(hidden, "drawing.png"), drawing);
    await writeFile(join(hidden, "pdf.jpg"), "%PDF-1.4");
    await sharp({ create: { width: 8, height: 8, channels: 3, background: "#123456" } })
      .png()
      .toFile(join(hidden, "photo.jpg"));
    const { photos, skipped } = await loadPhotos(hidden);
    expect(photos.map(({ name }) => name)).toEqual(["photo.jpg"]);
    expect(skipped.map(({ reason }) => reason).sort()).toEqual([
      `${join(hidden, "drawing.png")} is an SVG drawing; expected JPEG, PNG, WebP, AVIF, TIFF or GIF`,
      `${join(hidden, "pdf.jpg")} is a PDF; expected JPEG, PNG, WebP, AVIF, TIFF or GIF`,
    ]);
    await expect(decodeRgb(Buffer.from(drawing))).rejects.toThrow(/^the input is an SVG drawing/);
    await rm(hidden, { recursive: true });
  });

  it("takes several folders and a limit", async () => {
    const two = await loadPhotos([join(folder, "below"), join(folder, "below")]);
    expect(two.photos.map(({ name }) => name)).toEqual(["a.jpg", "grey.png", "a.jpg", "grey.png"]);
    expect((await loadPhotos(join(folder, "below"), { limit: 1 })).photos).toHaveLength(1);
    expect(spread([0, 1, 2, 3, 4, 5, 6, 7, 8, 9], 4)).toEqual([0, 2, 5, 7]);
  });

  it("says what is wrong with a folder", async () => {
    const failure = (path: string, options = {}) =>
      loadPhotos(join(folder, path), options).catch((e: Error) => e);
    for (const [path, pattern] of [
      ["missing", /missing.*cannot read/],
      ["empty", /empty.*found none$/],
      ["broken", /broken.*found none that can be read.*1 could not be decoded/],
    ] as const) {
      const error = await failure(path);
      expect(error).toBeInstanceOf(SamsrError);
      expect((error as Error).message).toMatch(pattern);
    }
    expect(((await failure("below", { maxBytes: 1000 })) as Error).message).toMatch(/take more than/);
  });
});

describe("validationPairs", () => {
  it("cuts the centre to sides that divide, and leaves out what is too small", async () => {
    const pairs = await validationPairs(folder);
    expect(pairs.map(({ name, hr, lq }) => [name, hr.width, hr.height, lq.width, lq.height])).toEqual([
      ["alpha.png", 32, 32, 8, 8],
      ["b.png", 64, 32, 16, 8],
      ["below/a.jpg", 96, 32, 24, 8],
      ["below/grey.png", 64, 96, 16, 24],
    ]);
    expect((await validationPairs(folder, { multiple: 64 })).map(({ name }) => name)).toEqual([
      "below/grey.png",
    ]);
    const squares = await validationPairs(folder, { crop: 32 });
    expect(squares.every(({ hr }) => hr.width === 32 && hr.height === 32)).toBe(true);
    await expect(validationPairs(folder, { multiple: 128 })).rejects.toThrow(/at least 128/);
  });

  it("gives a photo the same noise whichever others are there", async () => {
    const all = await validationPairs(folder);
    const below = await validationPairs(join(folder, "below"));
    expect(below.map(({ lq }) => lq)).toEqual(all.slice(2).map(({ lq }) => lq));
    expect(new Set(all.map(({ lq }) => lq.data.join())).size).toBe(4);
  });
});
