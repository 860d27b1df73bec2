import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import sharp from "sharp";
import { afterAll, describe, expect, it } from "vitest";
import { createRandom } from "../../base/random.js";
import { createCoverageSource } from "../../semantics/index.js";
import { createBatches } from "./batches.js";
import { rememberedCoverage } from "./photo-coverage.js";
import { decodeRgb } from "./photos.js";
import { holdsPairs, openSavedPairs } from "./saved-pairs.js";

const root = mkdtempSync(join(tmpdir(), "samsr-pairs-"));
afterAll(() => rmSync(root, { recursive: true }));

/**
 * A picture whose red tells the column in units of the small picture, green the row; blue has a square in it.
 */
async function place(path: string, width: number, height: number, scale: number): Promise<void> {
  const data = new Uint8Array(3 * width * height);
  for (let i = 0; i < width * height; i++) {
    const [x, y] = [Math.floor((i % width) / scale), Math.floor(i / width / scale)];
    data.set([x, y, x > 12 && x < 20 && y > 10 && y < 18 ? 240 : 9], 3 * i);
  }
  mkdirSync(join(path, ".."), { recursive: true });
  const picture = sharp(data, { raw: { width, height, channels: 3 } });
  // TIFF is JPEG inside unless told otherwise.
  await (path.endsWith(".tif") ? picture.tiff({ compression: "lzw" }) : picture).toFile(path);
}

async function folderOf(name: string, pairs: [name: string, hr: [number, number], lr: [number, number]][]) {
  const folder = join(root, name);
  for (const [file, hr, lr] of pairs) {
    await place(join(folder, "hr", `${file}.png`), ...hr, 4);
    await place(join(folder, "lr", `${file}.tif`), ...lr, 1);
  }
  return folder;
}

const level = (value: number) => Math.round((value + 1) * 127.5);

describe("openSavedPairs", () => {
  it("cuts both pictures at the same place and turns them alike", async () => {
    const folder = await folderOf("good", [
      ["a", [160, 128], [40, 32]],
      ["below/b", [96, 200], [24, 50]],
    ]);
    expect(await holdsPairs(folder)).toBe(true);
    expect(await holdsPairs(root)).toBe(false);
    const source = await openSavedPairs([folder], 32);
    expect(source.count).toBe(2);
    const { hr, lq } = await createBatches({ source, batch: 16, crop: 32, seed: 1 }).at(0);
    const corners = new Set<string>();
    for (let n = 0; n < 16; n++) {
      for (let c = 0; c < 3; c++) {
        for (let i = 0; i < 64; i++) {
          const small = level(lq[(3 * n + c) * 64 + i]);
          const large = level(hr[(3 * n + c) * 1024 + 4 * (i >> 3) * 32 + 4 * (i & 7) + 1]);
          expect(large).toBe(small);
        }
      }
      corners.add(`${level(lq[3 * n * 64])} ${level(lq[(3 * n + 1) * 64])}`);
    }
    expect(corners.size).toBeGreaterThan(10);
  });

  it("brings each crop's part of the small picture's coverage where that is asked for", async () => {
    const folder = await folderOf("covered", [["a", [160, 128], [40, 32]]]);
    const regions = createCoverageSource("regions");
    const source = await openSavedPairs([folder], 64, undefined, undefined, rememberedCoverage(regions));
    const { coverage: whole } = await regions.find(await decodeRgb(join(folder, "lr", "a.tif")));
    for (let n = 0; n < 8; n++) {
      const { lq, coverage } = await source.sample(0, 64, createRandom(5, n), true);
      for (let p = 0; p < 256; p++) {
        const [x, y] = [level(lq[p]), level(lq[256 + p])];
        expect(coverage!.counts[p]).toBe(whole.counts[y * 40 + x]);
      }
    }
    expect(new Set(whole.counts).size).toBeGreaterThan(1);
  });

  it("names the first pair that does not fit", async () => {
    const failure = async (folder: string) =>
      openSavedPairs([folder], 64).then(
        () => "nothing is wrong",
        (error: Error) => error.message,
      );
    const sizes = await folderOf("sizes", [
      ["a", [64, 64], [16, 16]],
      ["b", [66, 64], [16, 16]],
      ["c", [64, 64], [15, 16]],
    ]);
    expect(await failure(sizes)).toMatch(
      /hr\/b\.png has 66 x 64 .*lr\/b\.tif has 16 x 16: expected 4 to 1, 64 x 64$/,
    );
    const small = await folderOf("small", [["a", [64, 60], [16, 15]]]);
    expect(await failure(small)).toMatch(/hr\/a\.png has 64 x 60 pixels: too small for crops of 64 x 64/);

    const lonely = await folderOf("lonely", [["a", [64, 64], [16, 16]]]);
    rmSync(join(lonely, "lr", "a.tif"));
    expect(await failure(lonely)).toMatch(/hr\/a\.png has no partner of the same name in .*lr$/);
    writeFileSync(join(lonely, "lr", "b.png"), "");
    expect(await failure(lonely)).toMatch(/lr\/b\.png has no partner of the same name in .*hr$/);
    writeFileSync(join(lonely, "lr", "a.png"), "no picture");
    rmSync(join(lonely, "lr", "b.png"));
    expect(await failure(lonely)).toMatch(/lr\/a\.png: cannot be read as a picture/);
    writeFileSync(join(lonely, "lr", "a.jpg"), "no picture");
    expect(await failure(lonely)).toMatch(/have the same name/);
    mkdirSync(join(root, "empty", "hr"), { recursive: true });
    mkdirSync(join(root, "empty", "lr"));
    expect(await failure(join(root, "empty"))).toMatch(
      /empty: expected pairs of pictures in hr and lr, found none/,
    );
  });
});
