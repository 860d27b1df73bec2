import { mkdtempSync, readdirSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import sharp from "sharp";
import { afterAll, beforeAll, expect, it } from "vitest";
import type { CoverageSource } from "../../semantics/index.js";
import { type FillOptions, fillCoverage, keptCoverage, keptCrops } from "./coverage-store.js";
import { reducedPhoto } from "./photo-coverage.js";
import { decodeRgb } from "./photos.js";
import { wholePictures } from "./whole-pictures.js";

const root = mkdtempSync(join(tmpdir(), "samsr-coverage-store-"));
afterAll(() => rmSync(root, { recursive: true }));
const photos = join(root, "photos");

beforeAll(async () => {
  for (const [name, level] of [
    ["a.png", 10],
    ["b.png", 90],
    ["d.png", 200],
  ] as const) {
    const create = { width: 40, height: 24, channels: 3 as const, background: { r: level, g: 0, b: 0 } };
    await sharp({ create })
      .png()
      .toFile(join(await folderOf(photos), name));
  }
  writeFileSync(join(photos, "c.png"), "no picture");
});

async function folderOf(path: string): Promise<string> {
  const { mkdirSync } = await import("node:fs");
  mkdirSync(path, { recursive: true });
  return path;
}

/** Counts the level of red, and how often it was asked. */
function counter(after: (asked: number) => void = () => {}): CoverageSource & { asked: number } {
  return {
    asked: 0,
    async find(picture) {
      this.asked++;
      after(this.asked);
      if (!("planes" in picture)) throw new Error("expected planes");
      const { width, height, planes } = picture;
      const counts = Uint16Array.from({ length: width * height }, (_, p) => Math.round(255 * planes[p]));
      return { coverage: { width, height, counts }, masks: () => [] };
    },
  };
}

let folders = 0;
async function fill(source: CoverageSource, more: Partial<FillOptions> = {}) {
  const pictures = await wholePictures([photos]);
  const sourceOf = async () => ({ source, identity: "red" });
  return fillCoverage({ pictures, sourceOf, folder: join(root, "kept"), ...more });
}

it("finds the coverage of each picture once, and gives what is damaged that of the next one", async () => {
  const source = counter();
  const lines: string[] = [];
  const files = await fill(source, { report: (line) => lines.push(line) });
  expect([source.asked, files.length, files[2]]).toEqual([3, 4, files[3]]);
  expect(lines).toEqual(["masks: 3 of 4 pictures (0 of them found before)"]);
  const small = reducedPhoto(await decodeRgb(join(photos, "b.png")));
  const { coverage } = await counter().find(small);
  const kept = await keptCoverage(files)(1, () => small);
  expect(kept).toEqual(coverage);
  expect(kept.counts[0]).toBe(90);

  const again = counter();
  expect(await fill(again)).toEqual(files);
  expect(again.asked).toBe(0);
  // Another source or setting is another name.
  const other = counter();
  const sourceOf = async () => ({ source: other, identity: "another" });
  expect(await fill(other, { sourceOf })).not.toEqual(files);
  expect(other.asked).toBe(3);
});

it("goes on where it was interrupted, and finds again what is damaged", async () => {
  const folder = join(root, `kept${folders++}`);
  const controller = new AbortController();
  const source = counter((asked) => asked === 2 && controller.abort());
  await expect(fill(source, { folder, signal: controller.signal })).rejects.toThrow(/aborted/);
  expect(readdirSync(folder)).toHaveLength(2);
  const rest = counter();
  const files = await fill(rest, { folder });
  expect(rest.asked).toBe(1);

  writeFileSync(files[0], "no coverage");
  await expect(keptCoverage(files)(0, () => reducedPhoto as never)).rejects.toThrow(/gone or damaged/);
  const repair = counter();
  await fill(repair, { folder });
  expect(repair.asked).toBe(1);
});

it("keeps what is found in a crop under its numbers, and gives it all the same where it cannot", async () => {
  const folder = join(root, "crops");
  const crop = Float32Array.of(0.1, -0.2, 0.3);
  const coverage = { width: 1, height: 1, counts: Uint16Array.of(7) };
  let sought = 0;
  const find = async () => {
    sought++;
    return coverage;
  };
  const failed: unknown[] = [];
  const open = (identity: unknown) => keptCrops(folder, identity, (error) => void failed.push(error));
  const kept = await open("red");
  expect([await kept(crop, find), await (await open("red"))(crop, find), sought]).toEqual([
    coverage,
    coverage,
    1,
  ]);
  await kept(Float32Array.of(0.1, -0.2, 0.4), find);
  await (await open("another"))(crop, find);
  expect([sought, readdirSync(folder).length, failed]).toEqual([3, 3, []]);

  rmSync(folder, { recursive: true });
  expect([await kept(crop, find), failed.length]).toEqual([coverage, 1]);
});
