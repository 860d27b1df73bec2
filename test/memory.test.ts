/**
 * Memory is bounded by the tile. A photo of 8 megapixels must come out as a PNG of 128 in less than 1.5 GB,
 * which has no room for the result itself beside the rest. It would take a test minutes, so this one measures
 * the two parts of the sum with smaller pictures: what the bundled model needs for tiles of the default size,
 * and what each further pixel of the result costs, by the network that takes least time for one. What masks
 * and noise add is measured by itself: a thread of theirs leaves garbage of some 60 MB, now more, now less.
 */
import { execFile } from "node:child_process";
import { existsSync, mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import sharp from "sharp";
import { afterAll, beforeAll, expect, it } from "vitest";
import { DEFAULT_TILE } from "../src/upscale/kinds/pixel.js";
import { photoLike } from "./fixtures/pictures.js";
import { writeDirectModel, writeSmallModel } from "./fixtures/small-model.js";

const folder = mkdtempSync(join(tmpdir(), "samsr-memory-"));
let small: string;
let direct: string;
beforeAll(() => {
  if (!existsSync(new URL("../dist/index.js", import.meta.url))) {
    throw new Error("these tests run the built package: npm run build");
  }
  small = writeSmallModel();
  direct = writeDirectModel();
});
afterAll(() => {
  rmSync(folder, { recursive: true });
  for (const model of [small, direct]) rmSync(model, { recursive: true });
});

async function measure(width: number, height: number, model: string, ...tiling: readonly number[]) {
  const input = join(folder, `${width}x${height}.png`);
  const { data } = photoLike(width, height);
  await sharp(data, { raw: { width, height, channels: 3 } })
    .png()
    .toFile(input);
  const script = fileURLToPath(new URL("./fixtures/upscale-child.mjs", import.meta.url));
  const words = [script, input, model, ...tiling.map(String)];
  const { stdout } = await promisify(execFile)(process.execPath, words);
  const result = JSON.parse(stdout) as {
    width: number;
    height: number;
    bytes: number;
    tiles: number;
    peak: number;
  };
  expect(result).toMatchObject({ width: 4 * width, height: 4 * height });
  return result;
}

const MB = 1e6;

// A peak depends on when garbage is collected, by some 25 MB beside other work: once more is allowed.
it("a large photo needs memory for a tile, a band of tiles and its own pixels, and no more", {
  timeout: 600_000,
  retry: 1,
}, async () => {
  // Both are 1500 wide, so both hold the same band, and are cut into tiles of several sizes.
  const flat = await measure(1500, 200, direct, 128, 8);
  const tall = await measure(1500, 1280, direct, 128, 8);
  const pixels = (result: typeof flat) => result.width * result.height;
  const perPixel = Math.max(0, (tall.peak - flat.peak) / (pixels(tall) - pixels(flat)));
  // A pixel of the photo is 16 of the result: there are copies of the photo, and rows that wait for the
  // encoder, which do not grow any more where the result is larger than these. The result itself would add 3
  // bytes.
  expect(perPixel).toBeLessThan(4.5);

  // Noise and sums of the whole would be 180 MB each.
  const semantic = await measure(1500, 640, small, 128, 8);
  expect(semantic.peak).toBeLessThan(640 * MB);

  const bundled = await measure(288, 256, "samsr-tiny", DEFAULT_TILE);
  expect(bundled.tiles).toBeGreaterThan(1);
  expect(bundled.peak).toBeLessThan(900 * MB);

  // A band is as wide as the image and as tall as a tile, in floats.
  const [width, height] = [4 * 3264, 4 * 2448];
  const band = 3 * width * 4 * DEFAULT_TILE * 4;
  const whole = bundled.peak + band + perPixel * width * height;
  console.log(
    `memory: ${(bundled.peak / MB).toFixed(0)} MB at one tile, ${perPixel.toFixed(1)} bytes a pixel of the result, ` +
      `${(semantic.peak / MB).toFixed(0)} MB with masks and noise; ` +
      `${width} x ${height} would take ${(whole / MB).toFixed(0)} MB`,
  );
  expect(whole).toBeLessThan(1500 * MB);
});
