import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import sharp from "sharp";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { createRandom } from "../base/random.js";
import { readMasks } from "./mask-files.js";

import { masksFromLabels, poolLabels, prepareMasks } from "./masks.js";
import { filesSource } from "./sources/files.js";
import { inVariant } from "./sources/source.js";

let folder: string;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "samsr-masks-"));
});
afterAll(() => rm(folder, { recursive: true, force: true }));

async function picture(path: string, width: number, height: number, channels: 1 | 3 | 4, data: number[]) {
  await sharp(Uint8Array.from(data), { raw: { width, height, channels } }).png().toFile(path);
}

async function subfolder() {
  return mkdtemp(join(folder, "set-"));
}

describe("mask files", () => {
  it("reads a folder of masks, pooled to the image and thresholded", async () => {
    const path = await subfolder();
    await picture(join(path, "b.png"), 4, 2, 1, [255, 255, 0, 0, 255, 0, 0, 255]);
    await picture(join(path, "a.png"), 4, 2, 1, [0, 0, 255, 255, 0, 0, 255, 255]);
    await writeFile(join(path, "notes.txt"), "not a mask");
    const { masks } = await readMasks(path, 2, 1);
    expect(masks.map((mask) => Array.from(mask))).toEqual([
      [0, 1],
      [1, 0],
    ]);
    const { coverage } = await inVariant(filesSource(path), "release").find({
      ...{ width: 4, height: 2, planes: new Float32Array(24) },
    });
    expect(Array.from(coverage.counts)).toEqual([1, 1, 1, 1, 1, 1, 1, 2]);
  });

  it("reads cut-outs by their alpha, and ordinary pictures with alpha by their white", async () => {
    const path = await subfolder();
    await picture(join(path, "a.png"), 2, 1, 4, [255, 255, 255, 255, 255, 255, 255, 0]);
    await picture(join(path, "b.png"), 2, 1, 4, [0, 0, 0, 255, 255, 255, 255, 255]);
    const { masks } = await readMasks(path, 2, 1);
    expect(masks.map((mask) => Array.from(mask))).toEqual([
      [1, 0],
      [0, 1],
    ]);
  });

  it("reads a label map: each colour a region, black none", async () => {
    const path = join(folder, "labels.png");
    await picture(path, 2, 2, 3, [0, 0, 0, 255, 0, 0, 0, 0, 255, 255, 0, 0]);
    const { masks } = await readMasks(path, 2, 2);
    expect(masks.map((mask) => Array.from(mask))).toEqual([
      [0, 0, 1, 0],
      [0, 1, 0, 1],
    ]);
  });

  it("takes ids of 16 bits as they are, in grey and in colour, and drops what is transparent", async () => {
    const path = join(folder, "ids.png");
    const ids = Uint16Array.from([0, 1, 2, 300, 301, 1, 65535, 2]);
    await sharp(ids, { raw: { width: 4, height: 2, channels: 1 } })
      .toColourspace("grey16")
      .png()
      .toFile(path);
    const { masks } = await readMasks(path, 4, 2);
    expect(masks.map((mask) => [...mask].flatMap((inside, p) => (inside ? [ids[p]] : [])))).toEqual([
      [1, 1],
      [2, 2],
      [300],
      [301],
      [65535],
    ]);
    const clear = join(folder, "clear.png");
    await picture(clear, 2, 1, 4, [9, 9, 9, 255, 9, 9, 9, 0]);
    expect((await readMasks(clear, 2, 1)).masks.map((mask) => [...mask])).toEqual([[1, 0]]);
  });

  it("pools thousands of regions in one pass to what each gives by itself", async () => {
    const random = createRandom(5);
    const [width, height] = [97, 48];
    const labels = Int32Array.from({ length: width * height }, (_, p) =>
      random.integer(5) === 0 ? 0 : 1 + (((p % width) >> 2) + 25 * (Math.floor(p / width) >> 2)),
    );
    const map = { width, height, labels };
    for (const [w, h] of [
      [24, 12],
      [31, 33],
      [97, 48],
    ] as const) {
      const pooled = poolLabels(map, w, h);
      const { masks } = prepareMasks(masksFromLabels(map), w, h);
      const numbers = [...new Set(labels)].filter((label) => label > 0).sort((a, b) => a - b);
      const expected = new Int32Array(w * h);
      for (const [i, label] of numbers.entries()) {
        for (let p = 0; p < w * h; p++) if (masks[i][p]) expected[p] = label;
      }
      expect(pooled.labels).toEqual(expected);
    }
  });

  it("refuses drawings, devices and what is over the limits, in a folder too", async () => {
    const path = await subfolder();
    await writeFile(join(path, "a.svg"), "<svg xmlns='http://www.w3.org/2000/svg' width='4' height='4'/>");
    await expect(readMasks(join(path, "a.svg"), 4, 4)).rejects.toThrow(/a\.svg is an SVG drawing/);
    await expect(readMasks(path, 4, 4)).rejects.toThrow(/a\.svg is an SVG drawing/);
    await expect(readMasks("/dev/zero", 4, 4)).rejects.toThrow(/no regular file/);
    const large = join(folder, "large.png");
    await picture(large, 4, 4, 1, new Array(16).fill(255));
    await expect(readMasks(large, 4, 4, { pixelLimit: 15 })).rejects.toThrow(/over the limit/);
  });

  it("names the file and what was expected", async () => {
    await expect(readMasks(join(folder, "nowhere"), 2, 2)).rejects.toThrow(/nowhere: no such file or folder/);
    const empty = await subfolder();
    await expect(readMasks(empty, 2, 2)).rejects.toThrow(/no masks in this folder; expected one PNG a mask/);
    const broken = await subfolder();
    await writeFile(join(broken, "x.png"), "no picture");
    await expect(readMasks(broken, 2, 2)).rejects.toThrow(/x\.png is not a picture/);
    const mixed = await subfolder();
    await picture(join(mixed, "a.png"), 2, 1, 1, [0, 255]);
    await picture(join(mixed, "b.png"), 1, 1, 1, [255]);
    await expect(readMasks(mixed, 2, 1)).rejects.toThrow(/b\.png: is 1 x 1, but a\.png is 2 x 1/);
    const photo = join(folder, "photo.png");
    const random = createRandom(1);
    await picture(
      photo,
      100,
      100,
      3,
      Array.from({ length: 30_000 }, () => random.integer(256)),
    );
    await expect(readMasks(photo, 10, 10)).rejects.toThrow(/photo\.png: more than 4096 colours/);
  });
});
