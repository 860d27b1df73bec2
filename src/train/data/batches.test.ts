import { describe, expect, it } from "vitest";
import { createRandom } from "../../base/random.js";
import type { Raster } from "../../image/raster.js";
import { createBatches } from "./batches.js";
import { chooseCrop } from "./crop.js";
import { mildDegradation, mildTraining } from "./degrade.js";
import { degradedCrops, inMemory } from "./samples.js";

/** Red tells the column, green the row, blue which photo: a crop shows where it comes from. */
function chart(width: number, height: number, mark: number): Raster {
  const data = new Uint8Array(width * height * 3);
  for (let i = 0; i < width * height; i++) data.set([i % width, Math.floor(i / width), mark], 3 * i);
  return { width, height, channels: 3, data };
}

const photos = [chart(200, 150, 0), chart(96, 220, 100), chart(40, 50, 200)];

const clean = mildDegradation({
  blur: { probability: 0, sigma: [0, 0] },
  noise: { sigma: [0, 0], skew: 1 },
  jpeg: { probability: 0, quality: [90, 90], chromaSubsampling: "4:2:0" },
});

const mild = degradedCrops(inMemory(photos), mildDegradation(mildTraining));
const undegraded = (some: Raster[]) => degradedCrops(inMemory(some), clean);

const make = (seed: number) => createBatches({ source: mild, batch: 4, crop: 64, seed });

const level = (value: number) => Math.round((value + 1) * 127.5);

describe("createBatches", () => {
  it("gives the same batch for the same seed and step, whatever was asked before", async () => {
    const first = await make(3).at(17);
    const batches = make(3);
    await Promise.all([batches.at(0), batches.at(16)]);
    expect(await batches.at(17)).toEqual(first);
    expect((await batches.at(18)).hr).not.toEqual(first.hr);
    expect((await make(4).at(17)).hr).not.toEqual(first.hr);
  });

  it("has the shapes and the range", async () => {
    const { hr, lq } = await make(1).at(0);
    expect(hr).toHaveLength(4 * 3 * 64 * 64);
    expect(lq).toHaveLength(4 * 3 * 16 * 16);
    for (const tensor of [hr, lq]) {
      expect(tensor.every((value) => value >= -1 && value <= 1)).toBe(true);
    }
  });

  it("keeps HR and LR registered through every flip and turn", async () => {
    const batches = createBatches({ source: undegraded(photos.slice(0, 2)), batch: 64, crop: 64, seed: 1 });
    const { hr, lq } = await batches.at(0);
    const seen = new Set<string>();
    for (let n = 0; n < 64; n++) {
      const red = (x: number, y: number) => level(hr[n * 3 * 4096 + y * 64 + x]);
      seen.add(
        `${red(1, 0) - red(0, 0)} ${red(0, 1) - red(0, 0)} ${level(hr[(n * 3 + 1) * 4096]) > level(hr[(n * 3 + 1) * 4096 + 4095])}`,
      );
      // Far from the photo's edges a ramp reduces to the mean of its 4x4 block.
      for (let c = 0; c < 3; c++) {
        let mean = 0;
        for (let k = 0; k < 16; k++) {
          mean += level(hr[(n * 3 + c) * 4096 + (32 + (k >> 2)) * 64 + 32 + (k & 3)]) / 16;
        }
        expect(Math.abs(level(lq[(n * 3 + c) * 256 + 8 * 16 + 8]) - mean)).toBeLessThanOrEqual(0.5);
      }
    }
    expect(seen.size).toBe(8);
  });

  it("cuts inside the photo and takes every photo equally often", async () => {
    const batches = createBatches({
      source: undegraded(photos),
      batch: 300,
      crop: 64,
      seed: 2,
      augment: false,
    });
    const { hr } = await batches.at(0);
    const count = new Map<number, number>();
    for (let n = 0; n < 300; n++) {
      const base = n * 3 * 4096;
      const mark = level(hr[base + 2 * 4096]);
      count.set(mark, (count.get(mark) ?? 0) + 1);
      if (mark < 200) {
        expect(level(hr[base + 63]) - level(hr[base])).toBe(63); // the small photo is the one that is reflected
      }
    }
    for (const mark of [0, 100, 200]) expect(count.get(mark)).toBe(100);
  });

  it("refuses what it cannot do", () => {
    const source = undegraded(photos);
    expect(() => createBatches({ source: undegraded([]), batch: 1, seed: 0 })).toThrow(/no photos/);
    expect(() => createBatches({ source, batch: 1, crop: 30, seed: 0 })).toThrow(/multiple of 4/);
    expect(() => createBatches({ source, batch: 1, seed: 0, pool: 0 })).toThrow(/pool is 0/);
  });
});

it("chooseCrop prefers texture to a flat sky, and does not leave the sky out", () => {
  const random = createRandom(1);
  // Three quarters sky, one quarter texture below.
  const photo = chart(256, 1024, 0);
  for (let i = 768 * 256; i < 1024 * 256; i++) photo.data[3 * i + 1] = random.integer(256);
  photo.data.fill(90, 0, 768 * 256 * 3);
  let textured = 0;
  for (let i = 0; i < 1000; i++) if (chooseCrop(photo, 128, random).y + 128 > 768) textured++;
  // A uniform crop touches the texture with p = 256/897 = 0.29; half of the choices have three tries: 1 -
  // (1-p)^3.
  const p = 256 / 897;
  expect(textured / 1000).toBeGreaterThan(0.9 * (0.5 * p + 0.5 * (1 - (1 - p) ** 3)));
  expect(textured / 1000).toBeLessThan(0.6);
});
